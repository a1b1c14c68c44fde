// Package archtest holds the tests that look at the repository as a whole:
// the template against the code, and which package may import which.
package archtest

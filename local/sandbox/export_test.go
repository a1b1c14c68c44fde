package sandbox

// For the tests of this package, which stand outside it.
var (
	RequestSignature = requestSignature
	WebhookSignature = webhookSignature
)

// Operations lists what the sandbox serves, as "METHOD path".
func Operations() (list []string) {
	for _, r := range routes() {
		list = append(list, r.method+" "+r.path)
	}
	return list
}

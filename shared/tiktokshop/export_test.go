package tiktokshop

// Decode reads the JSON of an answer as the client does.
func Decode(data []byte, into any) error { return new(plans).valid(data, into) }

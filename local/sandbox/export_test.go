package sandbox

// For the tests of this package, which stand outside it.
var (
	RequestSignature = requestSignature
	WebhookSignature = webhookSignature
)

// Operations lists what the sandbox serves, as "METHOD path", with the query
// parameters of each.
func Operations() map[string][]string {
	served := map[string][]string{}
	for _, r := range routes() {
		query := append([]string{}, r.query...)
		if r.maxPage > 0 {
			query = append(query, "page_size", "page_token")
		}
		switch r.cipher {
		case shopCipherNeeded:
			query = append(query, "shop_cipher")
		case categoryCipherNeeded, categoryCipherAllowed:
			query = append(query, "category_asset_cipher")
		}
		served[r.method+" "+r.path] = query
	}
	return served
}

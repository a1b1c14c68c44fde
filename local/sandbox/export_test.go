package sandbox

// For the tests of this package, which stand outside it.
var (
	RequestSignature = requestSignature
	WebhookSignature = webhookSignature
)

// Operation is what the sandbox does for one described operation.
type Operation struct {
	Kind          Kind
	ShopCipher    bool
	CategoryAsset bool
	Retired       bool
	Invented      bool // answered from the facts, without a handler of its own
	Fields        map[string]string
}

// Operations lists what the sandbox serves, as "METHOD path".
func Operations() map[string]Operation {
	served := map[string]Operation{}
	written := len(authorizationRoutes()) + len(sellerRoutes()) + len(creatorRoutes()) + len(partnerRoutes())
	for i, r := range allRoutes() {
		o := Operation{
			Kind: r.kind, ShopCipher: r.cipher == shopCipherNeeded, CategoryAsset: r.cipher == categoryCipherNeeded || r.cipher == categoryCipherAllowed,
			Retired: r.retired, Invented: i >= written, Fields: map[string]string{},
		}
		for field, fact := range r.facts {
			o.Fields[field] = fact.Type
		}
		served[r.method+" "+r.path] = o
	}
	return served
}

// Violation says what is wrong with the data of an answer.
func Violation(operation string, data map[string]any) string {
	return published()[operation].violation("data", data, false)
}

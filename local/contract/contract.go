// Package contract holds what two independent descriptions say about the
// TikTok Shop operations this product is about, as facts (names, types, required,
// a hash of each text), and what we read in their texts (overrides.yaml).
// cmd/gen writes shared/tiktokshop/*_gen.go from it; cmd/snapshot reads the
// pinned packages again.
package contract

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"

	"gopkg.in/yaml.v3"
)

//go:embed overrides.yaml oas.json partner-center.json reviewed.json
var files embed.FS

// Fact is what one description says about one field.
type Fact struct {
	// Type is string, int, bool, file, object, or list of one of them ("[]string").
	Type     string `json:"type"`
	Required bool   `json:"required,omitempty"`
	// Text is the start of the SHA-256 of the prose, which we do not keep.
	Text string `json:"text,omitempty"`
}

// Description is one snapshot: operation ("METHOD /path") to field to fact.
// A field is named by where it stands and its path: "query.page_size",
// "body.material.ids", "data.orders[].skus[].price.amount".
type Description struct {
	Source     string                     `json:"source"`
	Operations map[string]map[string]Fact `json:"operations"`
}

// Contract is everything the generator and the contract test need.
type Contract struct {
	OAS, PartnerCenter Description
	Overrides          Overrides
	// Reviewed says on which texts the overrides rest: "source operation field"
	// to the hash of the text as it was read.
	Reviewed map[string]string
}

// Overrides is overrides.yaml: what only the texts say, in our words.
type Overrides struct {
	// Glossary documents fields by their last name, for all operations.
	Glossary map[string]string `yaml:"glossary"`
	// Glossaries do the same for the operations that name one.
	Glossaries map[string]map[string]string `yaml:"glossaries"`
	// Enums are string types and the values known today; others survive.
	Enums      map[string][]string `yaml:"enums"`
	Operations []Operation         `yaml:"operations"`
	// Others are the described operations that have no method, and why.
	Others     []Other     `yaml:"others"`
	Deviations []Deviation `yaml:"deviations"`
}

// Operation is one included operation.
type Operation struct {
	Op     string `yaml:"op"`     // METHOD /path
	Method string `yaml:"method"` // Seller.SearchOrders
	File   string `yaml:"file"`   // seller_orders, for seller_orders_gen.go
	Scope  string `yaml:"scope"`  // the scope key the grant needs
	// Repeat says why a failed call may be sent again; empty for writes.
	Repeat string `yaml:"repeat"`
	// Settles names the look-up that tells whether a lost write happened.
	Settles string `yaml:"settles"`
	Doc     string `yaml:"doc"`
	// Status is what is known of the operation's life; empty when it is in use.
	Status   string            `yaml:"status"`
	Glossary string            `yaml:"glossary"` // a name in Glossaries
	Rows     string            `yaml:"rows"`     // the list a page carries
	Types    map[string]string `yaml:"types"`    // field path to Go type name
	Many     []string          `yaml:"many"`     // lists that may come as one object
	Raw      []string          `yaml:"raw"`      // Go types that keep their JSON
	Fields   map[string]Field  `yaml:"fields"`   // field path to what the texts say
	MaxDays  int               `yaml:"max_days"` // the longest create time window
	// Together: the create time bounds are given both or not at all.
	Together bool `yaml:"together"`
	// Check: the request has a hand-written check of several fields together.
	Check bool `yaml:"check"`
	// Fails: the response has a hand-written Err, since an outer code of 0 does
	// not prove success. The method returns it with the response.
	Fails bool `yaml:"fails"`
	// Omit are described fields we do not have, with the reason.
	Omit map[string]string `yaml:"omit"`
}

// Field is what the texts say about one field.
type Field struct {
	Doc      string `yaml:"doc"`
	Go       string `yaml:"go"`   // Go type, when the rule does not give it
	Name     string `yaml:"name"` // Go name, when the rule does not give it
	Enum     string `yaml:"enum"` // a name in Enums
	Min      int    `yaml:"min"`  // of a number, of the entries of a list
	Max      int    `yaml:"max"`
	MinChars int    `yaml:"min_chars"` // of a text
	MaxChars int    `yaml:"max_chars"`
	Bytes    int64  `yaml:"bytes"` // of a file
	OneOf    []int  `yaml:"one_of"`
	Required bool   `yaml:"required"`
	// Clears: an empty list is sent, since it means something else than none.
	Clears bool `yaml:"clears"`
}

// Other is a described operation without a method.
type Other struct {
	Op        string `yaml:"op"`
	Status    string `yaml:"status"` // superseded, retired, not affiliate
	Successor string `yaml:"successor"`
	Note      string `yaml:"note"`
}

// Deviation is a difference between the two descriptions we know of.
type Deviation struct {
	Op     string `yaml:"op"`
	Field  string `yaml:"field"` // a field, or a prefix ending in *
	Reason string `yaml:"reason"`
}

// Load reads the committed contract.
func Load() (*Contract, error) {
	c := &Contract{}
	for name, into := range map[string]any{"oas.json": &c.OAS, "partner-center.json": &c.PartnerCenter, "reviewed.json": &c.Reviewed} {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("contract: %w", err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			return nil, fmt.Errorf("contract: %s: %w", name, err)
		}
	}
	var err error
	c.Overrides, err = LoadOverrides()
	for _, o := range c.Overrides.Operations {
		for field, reason := range o.Omit {
			if reason == "" {
				return nil, fmt.Errorf("contract: %s omits %s without a reason", o.Op, field)
			}
			delete(c.OAS.Operations[o.Op], field)
			delete(c.PartnerCenter.Operations[o.Op], field)
		}
	}
	return c, err
}

// LoadOverrides reads overrides.yaml strictly.
func LoadOverrides() (Overrides, error) {
	var o Overrides
	b, err := files.ReadFile("overrides.yaml")
	if err != nil {
		return o, fmt.Errorf("contract: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&o); err != nil {
		return o, fmt.Errorf("contract: overrides.yaml: %w", err)
	}
	return o, nil
}

// Fields is the union of both descriptions of an operation. Where they differ
// in type the newer one, the Partner Center pages, wins.
func (c *Contract) Fields(op string) map[string]Fact {
	all := map[string]Fact{}
	for _, d := range []Description{c.OAS, c.PartnerCenter} {
		for path, fact := range d.Operations[op] {
			all[path] = fact
		}
	}
	return all
}

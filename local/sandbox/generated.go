package sandbox

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// survivors are operations only the official OpenAPI describes which are not
// known to be gone. Every other one of its own is answered as retired.
func survivors() []string {
	return []string{
		"POST /affiliate_creator/202501/affiliate_sharing_links/generate_batch",
		"POST /affiliate_creator/202501/selection/products/search",
		"GET /affiliate_creator/202512/samples/deeplink",
		"/affiliate/202309/live_rooms",
		"/affiliate/202309/showcases",
	}
}

// described are the operations without a handler of their own: they pass the same
// gateway and answer with data made from the facts.
func described(written []route) (list []route) {
	for _, operation := range byKey(published()) {
		method, path, _ := strings.Cut(operation, " ")
		mine := slices.ContainsFunc(written, func(r route) bool { return r.method == method && r.path == path })
		kind, ours := kindOf(path)
		if mine || !ours {
			continue
		}
		r := route{method: method, path: path, kind: kind, maxPage: largestPage(path), scope: scopeOf(method, path), answer: invent}
		f := published()[operation]
		switch {
		case f.has("query.shop_cipher"):
			r.cipher = shopCipherNeeded
		case f["query.category_asset_cipher"].Required:
			r.cipher = categoryCipherNeeded
		case f.has("query.category_asset_cipher"):
			r.cipher = categoryCipherAllowed
		}
		r.retired = !newest(operation) && !slices.ContainsFunc(survivors(), func(s string) bool { return strings.Contains(operation, s) })
		if f.multipart() {
			r.answer = upload
		}
		list = append(list, r)
	}
	return list
}

// largestPage is the largest page_size. Source: the API reference.
func largestPage(path string) int {
	for word, most := range map[string]int{"/messages": 20, "/conversations": 50, "/performance": 50, "/selection/products/search": 50, "/202309/showcases/products": 50} {
		if strings.HasSuffix(path, word) {
			return most
		}
	}
	return 100
}

func kindOf(path string) (kind Kind, ours bool) {
	family := strings.Split(path, "/")[1]
	kind, ours = map[string]Kind{
		"affiliate_seller": Seller, "affiliate_creator": Creator, "affiliate_partner": Partner, "affiliate": Creator, "event": Seller,
	}[family]
	return kind, ours
}

// scopeOf is the scope of an operation. Source: the API reference's scope lists.
func scopeOf(method, path string) string {
	about := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(path, word) })
	}
	read := method == "GET" || about("/search", "/query", "single_query")
	switch kind, _ := kindOf(path); {
	case strings.HasPrefix(path, "/event/"):
		return "seller.authorization.info"
	case about("/conversat", "/images/", "/media/"):
		return "seller.affiliate_messages.write"
	case about("marketplace_creators"):
		return "seller.creator_marketplace.read"
	case about("deeplink", "selection/", "outreach", "compass", "toko", "/affiliate/"):
		return "" // not published
	case about("/videos", "/photos", "shop_products"):
		return "creator.video.write"
	case about("affiliate_sharing_links/generate_batch"):
		return "creator.affiliate.link.write"
	case about("affiliate_sharing_links"):
		return "creator.affiliate.share_link.read"
	case kind == Creator:
		return "creator.affiliate_collaboration.read"
	case kind == Partner:
		return "partner.tap_campaign.read"
	case read:
		return "seller.affiliate_collaboration.read"
	}
	return "seller.affiliate_collaboration.write"
}

// inventedRows is the length of an invented list of rows.
const inventedRows = 3

// invent answers with every described field, always the same for the same request.
func invent(c *call) (any, error) {
	sent := map[string]any{}
	if len(c.rawBody) > 0 {
		if err := json.Unmarshal(c.rawBody, &sent); err != nil {
			return nil, errBodyForm
		}
	}
	f := c.route.facts
	if field := f.missing("body", sent); field != "" {
		return nil, invalid("%s is required", field)
	}
	for _, name := range f.query() {
		if f["query."+name].Required && c.query.Get(name) == "" {
			return nil, invalid("%s is required", name)
		}
	}
	answer := c.inventObject("data", 0)
	for _, field := range byKey(answer) {
		rows, isRows := answer[field].([]obj)
		if !isRows || !f.paged() {
			continue
		}
		part, next := cut(c.page, rows)
		answer[field] = part
		if f.has("data.next_page_token") {
			answer["next_page_token"] = next
		}
		if f.has("data.total_count") {
			answer["total_count"] = len(rows)
		}
	}
	return answer, nil
}

// inventObject makes one object with all fields described below a path.
func (c *call) inventObject(at string, row int) obj {
	o := obj{}
	for _, field := range byKey(c.route.facts) {
		name, ok := strings.CutPrefix(field, at+".")
		if !ok || strings.ContainsAny(name, ".[") {
			continue
		}
		kind, isList := strings.CutPrefix(c.route.facts[field].Type, "[]")
		switch {
		case kind == "object" && isList:
			rows := []obj{}
			for i := range inventedRows {
				rows = append(rows, c.inventObject(field+"[]", row*10+i))
			}
			o[name] = rows
		case kind == "object":
			o[name] = c.inventObject(field, row)
		case isList:
			o[name] = []any{c.inventValue(kind, name, field, row*10), c.inventValue(kind, name, field, row*10+1)}
		default:
			o[name] = c.inventValue(kind, name, field, row)
		}
	}
	return o
}

func (c *call) inventValue(kind, name, field string, row int) any {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %s %s %d", c.route.path, field, c.filter(), row)
	n := int64(h.Sum32() % 1_000)
	noon := c.now.UTC().Truncate(day).Add(-time.Duration(row) * day).Unix()
	ends := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.HasSuffix(name, word) })
	}
	switch {
	case kind == "bool":
		return row%2 == 0
	case kind == "int" && ends("time", "timestamp"):
		return noon
	case kind == "int" && field == "data.code":
		return 0
	case kind == "int" && ends("rate"):
		return 100 + n
	case kind == "int":
		return 1 + n
	case c.path[name] != "":
		return c.path[name]
	case len(c.query[name]) > 0:
		return c.query.Get(name)
	case ends("open_id"):
		return opaque(43, field, strconv.Itoa(row))
	case name == "id", ends("_id", "_ids"):
		return number(contentFamily, n*1_000+int64(row))
	case ends("time", "timestamp"):
		return strconv.FormatInt(noon, 10)
	case ends("amount", "price", "gmv"):
		return (cents(n*7 + 99)).String()
	case ends("currency"):
		return "USD"
	case ends("region", "market"):
		return c.grant.user.region
	case ends("rate", "percentage"):
		return "0." + strconv.FormatInt(100+n%900, 10)
	case ends("url", "uri", "link", "deeplink"):
		return fmt.Sprintf("https://images.example/%s/%d", name, n)
	case ends("count", "quantity", "num"):
		return strconv.FormatInt(n, 10)
	case name == "message" && field == "data.message":
		return "Success"
	}
	return fmt.Sprintf("%s %d", strings.ReplaceAll(name, "_", " "), row+1)
}

package firstday

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// browser walks pages as a person does: it reads a page, fills in the form and
// presses its button. It keeps cookies by host and treats this machine as
// secure, as browsers do.
type browser struct {
	http    *http.Client
	cookies map[string]map[string]string
}

func newBrowser(client *http.Client) *browser {
	return &browser{http: client, cookies: map[string]map[string]string{}}
}

// page is what the browser shows.
type page struct {
	url    *url.URL
	status int
	title  string
	forms  []form
	links  []string
	codes  []string // texts set as code, to hand on
}

type form struct {
	method, action string
	fields         url.Values // hidden and pre-selected values
	buttons        []button
}

type button struct{ name, value, text string }

// open fetches a page and follows redirects.
func (b *browser) open(ctx context.Context, target string) (*page, error) {
	return b.load(ctx, http.MethodGet, target, nil)
}

// press submits the page's form by the button whose text or value contains
// label, with the given fields filled in.
func (b *browser) press(ctx context.Context, p *page, label string, fill url.Values) (*page, error) {
	for _, form := range p.forms {
		for _, button := range form.buttons {
			if !strings.Contains(strings.ToLower(button.text+" "+button.value), strings.ToLower(label)) {
				continue
			}
			values := url.Values{}
			for name, v := range form.fields {
				values[name] = slices.Clone(v)
			}
			for name, v := range fill {
				values[name] = v
			}
			if button.name != "" {
				values.Set(button.name, button.value)
			}
			action, err := p.url.Parse(form.action)
			if err != nil {
				return nil, err
			}
			if strings.EqualFold(form.method, http.MethodPost) {
				return b.load(ctx, http.MethodPost, action.String(), values)
			}
			action.RawQuery = values.Encode()
			return b.load(ctx, http.MethodGet, action.String(), nil)
		}
	}
	return nil, fmt.Errorf("the page %q has no button %q", p.title, label)
}

func (b *browser) load(ctx context.Context, method, target string, values url.Values) (*page, error) {
	for range 10 {
		var body io.Reader
		if values != nil {
			body = strings.NewReader(values.Encode())
		}
		request, err := http.NewRequestWithContext(ctx, method, target, body)
		if err != nil {
			return nil, err
		}
		if values != nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for name, value := range b.cookies[request.URL.Host] {
			request.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		response, err := b.http.Do(request)
		if err != nil {
			return nil, err
		}
		b.remember(request.URL.Host, response.Cookies())
		if next := response.Header.Get("Location"); next != "" && response.StatusCode/100 == 3 {
			_ = response.Body.Close()
			location, err := request.URL.Parse(next)
			if err != nil {
				return nil, err
			}
			method, target, values = http.MethodGet, location.String(), nil
			continue
		}
		return read(request.URL, response)
	}
	return nil, fmt.Errorf("too many redirects, last to %s", target)
}

func (b *browser) remember(host string, cookies []*http.Cookie) {
	for _, cookie := range cookies {
		if b.cookies[host] == nil {
			b.cookies[host] = map[string]string{}
		}
		b.cookies[host][cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(b.cookies[host], cookie.Name)
		}
	}
}

func read(at *url.URL, response *http.Response) (*page, error) {
	defer response.Body.Close()
	root, err := html.Parse(response.Body)
	if err != nil {
		return nil, err
	}
	p := &page{url: at, status: response.StatusCode}
	p.walk(root, nil)
	return p, nil
}

func (p *page) walk(n *html.Node, current *form) {
	if n.Type == html.ElementNode {
		switch n.Data {
		case "title":
			p.title = text(n)
		case "code":
			p.codes = append(p.codes, text(n))
		case "a":
			p.links = append(p.links, attr(n, "href"))
		case "form":
			p.forms = append(p.forms, form{method: attr(n, "method"), action: attr(n, "action"), fields: url.Values{}})
			current = &p.forms[len(p.forms)-1]
		case "button":
			if current != nil {
				current.buttons = append(current.buttons, button{attr(n, "name"), attr(n, "value"), text(n)})
			}
		case "input":
			current.input(n)
		}
	}
	for child := range n.ChildNodes() {
		p.walk(child, current)
	}
}

// input notes what a form would send for an input that nobody touches.
func (f *form) input(n *html.Node) {
	if f == nil {
		return
	}
	name, value := attr(n, "name"), attr(n, "value")
	switch attr(n, "type") {
	case "submit":
		f.buttons = append(f.buttons, button{name, value, value})
	case "checkbox", "radio":
		if has(n, "checked") {
			f.fields.Add(name, value)
		}
	default:
		f.fields.Add(name, value)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func text(n *html.Node) string {
	var b strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

package walk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type token string

func (w *walk) signIn(ctx context.Context, client Client, scope string) (token, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client.ID, client.Secret)
	response, err := w.http.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		AccessToken token `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		return "", fmt.Errorf("no token for %s: status %d: %w", client.Owner, response.StatusCode, err)
	}
	return answer.AccessToken, nil
}

// call is a request and what it was answered with.
type call struct {
	method, target, body string
	token                token
	headers              map[string]string

	status int
	header http.Header
	text   string
}

func (w *walk) send(ctx context.Context, c call) (call, error) {
	request, err := http.NewRequestWithContext(ctx, c.method, w.API+c.target, strings.NewReader(c.body))
	if err != nil {
		return c, err
	}
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+string(c.token))
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	response, err := w.http.Do(request)
	if err != nil {
		return c, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	c.status, c.header, c.text = response.StatusCode, response.Header, string(text)
	w.requests++
	if c.status >= 400 {
		w.refused++
	}
	return c, err
}

// refused stands for any status from 400 to 499.
const refused = -1

// expect sends a request that must be answered with the status, and says in the
// report what was tried when it is not.
func (w *walk) expect(ctx context.Context, what string, c call, status int, holds ...string) call {
	answer, err := w.send(ctx, c)
	switch {
	case err != nil:
	case status == refused && answer.status/100 == 4:
	case answer.status != status:
		err = fmt.Errorf("answered %d, not %d: %.300s", answer.status, status, answer.text)
	case status >= 400 && answer.status != http.StatusUnauthorized && strings.HasPrefix(answer.text, "{") && !strings.Contains(answer.text, `"message"`) && !strings.Contains(answer.text, `"type":"/problems/`):
		err = fmt.Errorf("is no problem document: %.300s", answer.text)
	default:
		for _, part := range holds {
			if !strings.Contains(answer.text, part) {
				err = fmt.Errorf("does not say %s: %.300s", part, answer.text)
			}
		}
	}
	if err != nil {
		w.faults = append(w.faults, fmt.Errorf("%s %s, %s: %w", c.method, c.target, what, err))
	}
	return answer
}

// ids are what the samples name.
type ids map[string]string

func (i ids) in(text string) string {
	var pairs []string
	for name, id := range i {
		pairs = append(pairs, "{"+name+"}", id)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// foreign are the ids that nobody but the host may see.
func (i ids) foreign() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Values(i)), func(id string) bool { return id == i["campaign"] })
}

// thing is what the lists tell of one of theirs.
type thing struct {
	ID      string `json:"id"`
	OrderID string `json:"order_id"`
	Account string `json:"account"`
	Assets  []struct {
		ID    string `json:"id"`
		State string `json:"state"`
	} `json:"assets"`
}

// list reads every page of a list.
func (w *walk) list(ctx context.Context, t token, target string) (things []thing, err error) {
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	target += separator + "limit=100"
	for from := target; ; {
		answer, err := w.send(ctx, call{method: http.MethodGet, target: from, token: t})
		var page struct {
			Items []thing `json:"items"`
			Next  string  `json:"next_cursor"`
		}
		if err == nil && answer.status != http.StatusOK {
			err = fmt.Errorf("answered %d: %.300s", answer.status, answer.text)
		}
		if err == nil {
			err = json.Unmarshal([]byte(answer.text), &page)
		}
		if err != nil {
			return nil, fmt.Errorf("GET %s: %w", target, err)
		}
		things = append(things, page.Items...)
		if page.Next == "" {
			return things, nil
		}
		from = target + "&cursor=" + page.Next
	}
}

// ordersOf are the ids of the orders that a client sees through its connections.
func (w *walk) ordersOf(ctx context.Context, t token, connections []thing) (orders []string, err error) {
	for _, c := range connections {
		rows, err := w.list(ctx, t, "/v1/orders?connection_id="+c.ID)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			orders = append(orders, row.OrderID)
		}
	}
	return orders, nil
}

// finishedJob lets the host have a job done.
func (w *walk) finishedJob(ctx context.Context) (string, error) {
	answer, err := w.send(ctx, call{method: http.MethodPost, target: "/v1/self-test", body: `{"items":3}`, token: w.host})
	for range 60 {
		var job struct {
			ID    string `json:"id"`
			State string `json:"state"`
		}
		if err == nil {
			err = json.Unmarshal([]byte(answer.text), &job)
		}
		if err != nil || job.ID == "" {
			return "", fmt.Errorf("making a job: status %d: %.300s: %w", answer.status, answer.text, err)
		}
		if job.State == "done" {
			return job.ID, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
		answer, err = w.send(ctx, call{method: http.MethodGet, target: "/v1/jobs/" + job.ID, token: w.host})
	}
	return "", errors.New("a job of three items was not done within a minute")
}

// hostsIDs asks the API, as the host, for things of its own. The two share a
// creator, so an order is one that the stranger has no perspective of.
func (w *walk) hostsIDs(ctx context.Context) (ids, error) {
	found := ids{"campaign": "7403000000000000001"}
	connections, err := w.list(ctx, w.host, "/v1/connections")
	if err != nil {
		return nil, err
	}
	others, err := w.list(ctx, w.stranger, "/v1/connections")
	if err != nil {
		return nil, err
	}
	shared, err := w.ordersOf(ctx, w.stranger, others)
	if err != nil {
		return nil, err
	}
	orders, err := w.ordersOf(ctx, w.host, connections)
	if err != nil {
		return nil, err
	}
	for _, order := range orders {
		if !slices.Contains(shared, order) {
			found["order"] = order
		}
	}
	for _, c := range connections {
		found[c.Account] = c.ID
		for _, asset := range c.Assets {
			if c.Account == "seller" && asset.State == "active" {
				found["shop"] = asset.ID
			}
		}
	}
	deliveries, err := w.list(ctx, w.host, "/v1/deliveries?connection_id="+found["seller"])
	if err != nil {
		return nil, err
	}
	for _, d := range deliveries {
		found["delivery"] = d.ID
	}
	if found["job"], err = w.finishedJob(ctx); err != nil {
		return nil, err
	}
	for _, name := range []string{"seller", "creator", "partner", "shop", "order", "delivery", "job"} {
		if found[name] == "" {
			return nil, fmt.Errorf("%s has no %s of its own to hide from a stranger", w.Host.Owner, name)
		}
	}
	return found, nil
}

package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/delivery"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/lambdahttp"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop/webhook"
)

// patience is how long one webhook may take. TikTok Shop waits 3 s for the
// answer (doc:configuration-guide).
const patience = 2500 * time.Millisecond

type apps interface {
	Find(ctx context.Context, name string) (app.App, error)
	Reload(ctx context.Context) (changed bool, err error)
}

type sender interface {
	SendText(ctx context.Context, body string, attributes map[string]string) error
}

// handler takes a webhook from TikTok Shop and puts it into the queue. What it
// means is found out behind the queue.
type handler struct {
	apps  apps
	queue sender
	now   func() time.Time

	// mismatch answers a bad signature. It is 401, which TikTok Shop takes as
	// final, or 503, which makes it deliver again, while an operator changes
	// the app secret.
	mismatch int
}

func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhook", h.take)
	mux.HandleFunc("POST /webhook/{app}", h.take)
	return mux
}

func (h *handler) take(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, lambdahttp.MaxBody))
	if err != nil {
		h.refuse(ctx, w, http.StatusRequestEntityTooLarge, "the body is too large", err)
		return
	}
	from, status, err := h.sender(ctx, r.PathValue("app"), body, r.Header.Get("Authorization"))
	if status != http.StatusOK {
		h.refuse(ctx, w, status, "the webhook is not from a known app", err)
		return
	}
	text, attributes := delivery.Message{App: from.Name, ReceivedAt: h.now(), Body: body}.Text()
	if err := h.queue.SendText(ctx, text, attributes); err != nil {
		h.refuse(ctx, w, http.StatusServiceUnavailable, "the queue did not take it", err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// sender finds the app that signed the body, and the status to answer with.
// An app or a secret that does not fit is looked up once more after the apps
// were read again: they may just have been changed.
func (h *handler) sender(ctx context.Context, name string, body []byte, signature string) (app.App, int, error) {
	from, status, err := h.check(ctx, name, body, signature)
	if status != http.StatusNotFound && status != h.mismatch {
		return from, status, err
	}
	if _, err := h.apps.Reload(ctx); err != nil {
		return app.App{}, http.StatusServiceUnavailable, err // whether it fits is not known
	}
	return h.check(ctx, name, body, signature)
}

func (h *handler) check(ctx context.Context, name string, body []byte, signature string) (app.App, int, error) {
	from, err := h.apps.Find(ctx, name)
	switch {
	case fault.Is(err, fault.NotFound):
		return app.App{}, http.StatusNotFound, err
	case err != nil:
		return app.App{}, http.StatusServiceUnavailable, err
	}
	secrets := []redact.Secret{from.Secret}
	if !from.PreviousSecret.Empty() {
		secrets = append(secrets, from.PreviousSecret)
	}
	if err := webhook.Verify(from.Key, secrets, signature, body); err != nil {
		return app.App{}, h.mismatch, err
	}
	return from, http.StatusOK, nil
}

func (h *handler) refuse(ctx context.Context, w http.ResponseWriter, status int, why string, err error) {
	slog.WarnContext(ctx, "a webhook was not taken", "status", status, "reason", why, "error", err)
	w.WriteHeader(status)
}

package api

import (
	"net/http"
	"strings"

	"tiktok-shop-affiliate/shared/fault"
)

// ProblemType is what a caller needs to know of one kind of problem.
type ProblemType struct {
	Kind    fault.Kind
	Status  int
	Title   string
	Meaning string
	Do      string // what to do about it
}

// Slug is the last part of its type, e.g. "not-found".
func (p ProblemType) Slug() string { return strings.ReplaceAll(string(p.Kind), "_", "-") }

// Type is its stable name, e.g. "/problems/not-found".
func (p ProblemType) Type() string { return "/problems/" + p.Slug() }

// Problems are all types of problems the API answers with, by status.
func Problems() []ProblemType {
	return []ProblemType{
		{
			fault.Invalid, http.StatusBadRequest, "The request is not valid",
			"A field, parameter or header is missing, unknown, of the wrong type or outside its limits. Each fault is listed under errors, with a JSON pointer into the body or the name of the parameter.",
			"Correct every fault listed and send the request again. Nothing was done.",
		}, {
			fault.Unauthorized, http.StatusUnauthorized, "No valid credentials",
			"The request has no bearer token, or one that has expired, is meant for another audience or was signed by another issuer.",
			"Get a new token from the token endpoint by client credentials and send it as Authorization: Bearer.",
		}, {
			fault.Forbidden, http.StatusForbidden, "Not allowed",
			"The token lacks the scope of this route, the client belongs to no owner, or TikTok Shop does not allow the account this operation.",
			"Ask for the scope when fetching the token; have the operator register the client; or have the account's user grant what the detail names. With tiktok in the answer it was TikTok Shop that refused.",
		}, {
			fault.NotFound, http.StatusNotFound, "Not found",
			"There is no such thing, or it belongs to another owner: the two look the same on purpose.",
			"Check the id. Ids of connections are in GET /v1/connections.",
		}, {
			fault.Conflict, http.StatusConflict, "The present state forbids it",
			"What the request is about is in a state in which this cannot be done, or was changed by someone else meanwhile.",
			"Read its present state, decide again and send a new request, with a new Idempotency-Key.",
		}, {
			fault.InProgress, http.StatusConflict, "The same request is being carried out",
			"An earlier request with this Idempotency-Key has not ended yet.",
			"Wait as long as Retry-After says and repeat the request unchanged: it answers what came of the first one.",
		}, {
			fault.Reconnect, http.StatusConflict, "The account must be connected again",
			"The account's user took access away, the authorization ended, or TikTok Shop no longer accepts it. What is stored can still be read.",
			"Send the account's user the connect_link of the answer; it is valid for 7 days. Once they have consented, send the request again.",
		}, {
			fault.Gone, http.StatusGone, "No longer kept",
			"What the request goes on from was there and is kept no longer.",
			"Begin anew, as the detail says.",
		}, {
			fault.Retired, http.StatusGone, "TikTok Shop has switched this operation off",
			"TikTok Shop no longer offers the operation behind this request.",
			"Use the alternative that the detail names. Repeating does not help.",
		}, {
			fault.TooLarge, http.StatusRequestEntityTooLarge, "The request is too large",
			"The body is larger than this route takes.",
			"Send the work in several requests, or as a job.",
		}, {
			fault.KeyReused, http.StatusUnprocessableEntity, "The Idempotency-Key belongs to another request",
			"The key was used in the last 24 hours for a request to another route or with another body.",
			"Use a new key for every write, and the same key only to repeat a request unchanged. Nothing was done.",
		}, {
			fault.RateLimited, http.StatusTooManyRequests, "Too many requests",
			"TikTok Shop limits how often this may be called, or a quota of it is used up until it is renewed.",
			"Wait as long as Retry-After says and repeat the request; an Idempotency-Key may be used again.",
		}, {
			fault.Internal, http.StatusInternalServerError, "Something went wrong on our side",
			"A fault or a wrong setting of this back end. The log line of the request says more.",
			"Repeat the request later with the same Idempotency-Key; when it stays, tell the operator.",
		}, {
			fault.Unavailable, http.StatusServiceUnavailable, "Not available at the moment",
			"Something this back end depends on, TikTok Shop or a part of AWS, does not answer. Nothing was done.",
			"Repeat the request later, or as soon as Retry-After says; an Idempotency-Key may be used again.",
		}, {
			fault.OutcomeUnknown, http.StatusGatewayTimeout, "The outcome is unknown",
			"TikTok Shop did not say whether it carried the write out.",
			"Look whether it happened, as the detail says, before you repeat it with a new Idempotency-Key. Repeating with the same key answers this problem again.",
		}, {
			fault.Timeout, http.StatusGatewayTimeout, "It took too long",
			"The request was given up after 25 seconds.",
			"Wait as long as Retry-After says and repeat the request; an Idempotency-Key may be used again. Ask for less at once where that is possible.",
		},
	}
}

// problemTypeOf is the type of a kind of fault, Internal for what is not known.
func problemTypeOf(kind fault.Kind) ProblemType {
	for _, known := range Problems() {
		if known.Kind == kind {
			return known
		}
	}
	return problemTypeOf(fault.Internal)
}

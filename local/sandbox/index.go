package sandbox

import "net/http"

// index is the page at the control API's root, for people.
func (s *Sandbox) index(w http.ResponseWriter, _ *http.Request) {
	show(w, http.StatusOK, "index.html", obj{"State": s.State(), "Truth": s.Truth(), "Deliveries": s.Deliveries()})
}

package sandbox

import (
	"net/http"
	"slices"
)

// shownOrders is how many of the newest orders the page lists.
const shownOrders = 100

// index is the page at the control API's root, for people.
func (s *Sandbox) index(w http.ResponseWriter, _ *http.Request) {
	state := s.State()
	state.Orders = state.Orders[max(0, len(state.Orders)-shownOrders):]
	slices.Reverse(state.Orders)
	show(w, http.StatusOK, "index.html", obj{"State": state, "Truth": s.Truth(), "Deliveries": s.Deliveries()})
}

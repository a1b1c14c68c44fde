package order

// Event is what the write of a row tells.
type Event string

// The events.
const (
	EventCreated    Event = "created"
	EventChanged    Event = "changed"
	EventSettled    Event = "settled"
	EventIneligible Event = "ineligible" // returned, refunded or cancelled
)

// Events are what the step from a row's old revision to the current one tells,
// and which facts changed: EventCreated for a new row (no old one), then one
// event for each write that changed something, EventSettled or EventIneligible
// when the row became that, else EventChanged. A row that is settled or
// ineligible when it is first seen has both events.
func Events(old *Row, current Row) ([]Event, map[string]Difference, error) {
	ended := map[Status]Event{Settled: EventSettled, NoCommission: EventIneligible}[current.Status]
	if old == nil {
		events := []Event{EventCreated}
		if ended != "" {
			events = append(events, ended)
		}
		return events, nil, nil
	}
	changes, err := Changes(*old, current)
	switch {
	case err != nil || len(changes) == 0:
		return nil, nil, err
	case ended != "" && old.Status != current.Status:
		return []Event{ended}, changes, nil
	}
	return []Event{EventChanged}, changes, nil
}

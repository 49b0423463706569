package epcis

import "time"

// WriteDocument returns an EPCISDocument in JSON-LD, in RFC 8785 form, with the given events, each the JSON of one event with
// its own @context; an event without one is taken to have the official context. What the contexts have in common
// moves to the document, the rest stays in the events: parsed again, every event has the canonical form that it had.
// creationDate is in Unix milliseconds.
func WriteDocument(events [][]byte, creationDate int64) ([]byte, error) {
	eventList, context, err := gather(events)
	if err != nil {
		return nil, err
	}
	return write(newObject("",
		context,
		newText("creationDate", formatTime(creationDate)),
		*newObject("epcisBody", eventList),
		newText("schemaVersion", "2.0"),
		newText("type", "EPCISDocument")))
}

// WriteQueryDocument returns an EPCISQueryDocument: the events that the query of this name found, see [WriteDocument].
// subscriptionID is empty unless the query was run for a subscription.
func WriteQueryDocument(queryName, subscriptionID string, events [][]byte, creationDate int64) ([]byte, error) {
	eventList, context, err := gather(events)
	if err != nil {
		return nil, err
	}
	results := newObject("queryResults",
		newText("queryName", queryName),
		*newObject("resultsBody", eventList))
	if subscriptionID != "" {
		results.kids = append(results.kids, newText("subscriptionID", subscriptionID))
	}
	return write(newObject("",
		context,
		newText("creationDate", formatTime(creationDate)),
		*newObject("epcisBody", *results),
		newText("schemaVersion", "2.0"),
		newText("type", "EPCISQueryDocument")))
}

// newObject and newText make members. Those of an object must be given in order.
func newObject(name string, members ...value) *value {
	return &value{name: name, kids: members, kind: object}
}

func newText(name, s string) value { return value{name: name, text: s, kind: text} }

func formatTime(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// gather returns the events as an eventList, and the @context that they share.
func gather(events [][]byte) (eventList, shared value, err error) {
	eventList = value{name: "eventList", kids: make([]value, 0, len(events)), kind: list}
	contexts := make([]context, 0, len(events))
	for _, data := range events {
		root, c, err := looseEvent(data)
		if err != nil {
			return eventList, shared, err
		}
		eventList.kids = append(eventList.kids, root)
		contexts = append(contexts, c)
	}
	common := commonContext(contexts)
	for i := range eventList.kids {
		eventList.kids[i].leaveContext(contexts[i].beyond(&common))
	}
	return eventList, value{name: "@context", kids: common.kids(), kind: list}, nil
}

// commonContext returns what all contexts say: other contexts as far as they agree in order, and equal definitions.
func commonContext(contexts []context) context {
	if len(contexts) == 0 {
		return context{}
	}
	common := contexts[0]
	for i := 1; i < len(contexts); i++ {
		c := &contexts[i]
		common.urls = common.urls[:agreement(common.urls, c.urls)]
		var terms []term
		for _, t := range common.terms {
			if same := find(c.terms, t.name); same != nil && equal(&t.def, &same.def) {
				terms = append(terms, t)
			}
		}
		common.terms = terms
	}
	return common
}

// agreement is the number of elements at the start of a and b that are equal.
func agreement(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// beyond returns what c says beyond common, as elements of an @context; none if that is nothing.
func (c *context) beyond(common *context) []value {
	rest := context{urls: c.urls[len(common.urls):]}
	for _, t := range c.terms {
		if find(common.terms, t.name) == nil {
			rest.terms = append(rest.terms, t)
		}
	}
	return rest.kids()[1:]
}

// leaveContext gives an event these elements as its @context, or none.
func (v *value) leaveContext(parts []value) {
	kids := make([]value, 0, len(v.kids)+1)
	for _, m := range v.kids {
		if m.name != "@context" {
			kids = append(kids, m)
		}
	}
	if len(parts) > 0 {
		kids = append(kids, value{name: "@context", kids: parts, kind: list})
	}
	v.kids = kids
	v.sort()
}

// sort puts the members of an object into the order of RFC 8785.
func (v *value) sort() {
	p := &parser{}
	v.kids, _ = p.sortMembers(v.kids)
}

// equal reports whether two values are the same.
func equal(a, b *value) bool {
	if a.kind == text && b.kind == text {
		return a.text == b.text
	}
	x, errX := write(a)
	y, errY := write(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

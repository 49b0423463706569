package ceb

import "strconv"

// place is where in a message a reader or writer is, and what it found wrong so far.
type place struct {
	steps  []step
	faults Errors
}

// step is one element on the way from the root, which has no step itself.
type step struct {
	name  string
	index int // among its like, from 0; -1 where only one may stand
}

func (p *place) enter(e *element, index int) {
	if e.max == 1 {
		index = -1
	}
	p.steps = append(p.steps, step{e.name, index})
}

func (p *place) leave() {
	p.steps = p.steps[:len(p.steps)-1]
}

// path is spelt only when there is something to report.
func (p *place) path(further ...string) string {
	path := ""
	for _, s := range p.steps {
		if s.index >= 0 {
			path = join(path, indexed(s.name, s.index))
		} else {
			path = join(path, s.name)
		}
	}
	for _, name := range further {
		path = join(path, name)
	}
	return path
}

// fault records a flaw at this place, or at something inside it.
func (p *place) fault(flaw *Error, line int, further ...string) {
	if p.full() {
		return
	}
	flaw.Field, flaw.Line = p.path(further...), line
	p.faults = append(p.faults, flaw)
}

// full reports whether there are as many faults as are reported.
func (p *place) full() bool {
	return len(p.faults) >= MaxErrors
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

func indexed(name string, i int) string {
	return name + "[" + strconv.Itoa(i) + "]"
}

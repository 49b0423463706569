package client

import (
	"cmp"
	"math"
	"slices"
)

// This file puts boxes in layers (Sugiyama, Tagawa and Toda 1981): every box in a column, columns ordered so that few arrows
// cross, boxes beside what they belong to. `carya trace --dot` hands the same graph to Graphviz, which knows more.

// vertex is a box, or a bend of an arrow that passes through a column.
type vertex struct {
	layer         int
	width, height float64
	x, y          float64 // of the middle
	before, after []int   // neighbours in the columns beside it
}

// route is an arrow's way: its two boxes, and the bends between.
type route struct {
	arrow int
	via   []int // vertices, the first and the last are boxes
}

// layout is a picture whose boxes stand somewhere.
type layout struct {
	vertices []vertex
	layers   [][]int // vertices from top to bottom
	routes   []route
	boxes    int
}

const (
	boxGap    = 22.0 // between boxes of a column
	bendGap   = 12.0
	leastGap  = 64.0 // between columns
	sweeps    = 12   // over the order of the columns
	straights = 16   // over the heights
)

// newLayout places boxes of these sizes. Right says that a box stands beside what came of it rather than beside what it came
// from; spaces[i] is how much room arrow i wants for its label.
func newLayout(sizes [][2]float64, arrows []arrow, spaces []float64, right bool) *layout {
	l := &layout{boxes: len(sizes)}
	for _, s := range sizes {
		l.vertices = append(l.vertices, vertex{width: s[0], height: s[1]})
	}
	ways := acyclic(len(sizes), arrows)
	l.assign(ways, right)
	l.connect(ways)
	l.order()
	l.columns(spaces)
	l.straighten()
	return l
}

// acyclic returns the arrows as pairs of boxes, turning round those that close a circle. An arrow from a box to itself says
// nothing about places.
func acyclic(boxes int, arrows []arrow) [][2]int {
	ways := make([][2]int, len(arrows))
	out := make([][]int, boxes)
	for i, a := range arrows {
		ways[i] = [2]int{a.from, a.to}
		out[a.from] = append(out[a.from], i)
	}
	const unseen, open, done = 0, 1, 2
	state := make([]int, boxes)
	var visit func(int)
	visit = func(v int) {
		state[v] = open
		for _, i := range out[v] {
			switch to := arrows[i].to; state[to] {
			case open:
				ways[i] = [2]int{to, v}
			case unseen:
				visit(to)
			}
		}
		state[v] = done
	}
	for v := range boxes {
		if state[v] == unseen {
			visit(v)
		}
	}
	return ways
}

// assign gives every box a column: as many as the longest way from the left, or to the right.
func (l *layout) assign(ways [][2]int, right bool) {
	from, to := 0, 1
	if right {
		from, to = 1, 0
	}
	for range l.boxes { // ends after as many rounds as the longest way has arrows
		moved := false
		for _, w := range ways {
			if w[0] != w[1] && l.vertices[w[to]].layer <= l.vertices[w[from]].layer {
				l.vertices[w[to]].layer = l.vertices[w[from]].layer + 1
				moved = true
			}
		}
		if !moved {
			break
		}
	}
	last := 0
	for i := range l.vertices {
		last = max(last, l.vertices[i].layer)
	}
	l.layers = make([][]int, last+1)
	for i := range l.vertices {
		v := &l.vertices[i]
		if right {
			v.layer = last - v.layer
		}
		l.layers[v.layer] = append(l.layers[v.layer], i)
	}
}

// connect makes the bends of arrows that pass through columns, and tells neighbours of each other.
func (l *layout) connect(ways [][2]int) {
	for i, w := range ways {
		r := route{arrow: i, via: []int{w[0]}}
		for layer := l.vertices[w[0]].layer + 1; layer < l.vertices[w[1]].layer; layer++ {
			bend := len(l.vertices)
			l.vertices = append(l.vertices, vertex{layer: layer})
			l.layers[layer] = append(l.layers[layer], bend)
			r.via = append(r.via, bend)
		}
		r.via = append(r.via, w[1])
		for j := 1; j < len(r.via) && w[0] != w[1]; j++ {
			a, b := &l.vertices[r.via[j-1]], &l.vertices[r.via[j]]
			a.after, b.before = append(a.after, r.via[j]), append(b.before, r.via[j-1])
		}
		l.routes = append(l.routes, r)
	}
}

// order sorts the columns by the middle of each vertex's neighbours, from left to right and back, and keeps the order with
// the fewest crossings.
func (l *layout) order() {
	best, fewest := l.copyLayers(), l.crossings()
	for sweep := 0; sweep < sweeps && fewest > 0; sweep++ {
		for i := range l.layers {
			if sweep%2 == 0 {
				l.sortLayer(i, func(v *vertex) []int { return v.before })
			} else {
				l.sortLayer(len(l.layers)-1-i, func(v *vertex) []int { return v.after })
			}
		}
		if n := l.crossings(); n < fewest {
			best, fewest = l.copyLayers(), n
		}
	}
	l.layers = best
}

func (l *layout) copyLayers() [][]int {
	c := make([][]int, len(l.layers))
	for i := range c {
		c[i] = slices.Clone(l.layers[i])
	}
	return c
}

// places returns where each vertex stands in its column.
func (l *layout) places() []int {
	at := make([]int, len(l.vertices))
	for _, layer := range l.layers {
		for i, v := range layer {
			at[v] = i
		}
	}
	return at
}

func (l *layout) sortLayer(i int, neighbours func(*vertex) []int) {
	at := l.places()
	middle := make(map[int]float64, len(l.layers[i]))
	for place, v := range l.layers[i] {
		middle[v] = float64(place)
		if near := neighbours(&l.vertices[v]); len(near) > 0 {
			sum := 0
			for _, n := range near {
				sum += at[n]
			}
			middle[v] = float64(sum) / float64(len(near))
		}
	}
	slices.SortStableFunc(l.layers[i], func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
}

// crossings counts the pairs of arrows that cross between two columns.
func (l *layout) crossings() (n int) {
	at := l.places()
	for i, layer := range l.layers[:len(l.layers)-1] {
		var ends []int // of the arrows, from the top of the left column to its bottom
		for _, v := range layer {
			here := make([]int, 0, len(l.vertices[v].after))
			for _, to := range l.vertices[v].after {
				here = append(here, at[to])
			}
			slices.Sort(here)
			ends = append(ends, here...)
		}
		n += inversions(ends, len(l.layers[i+1]))
	}
	return n
}

// inversions counts the pairs that stand the wrong way round, with a Fenwick tree.
func inversions(ends []int, size int) (n int) {
	tree := make([]int, size+1)
	for seen, end := range ends {
		notAfter := 0
		for i := end + 1; i > 0; i -= i & -i {
			notAfter += tree[i]
		}
		n += seen - notAfter
		for i := end + 1; i <= size; i += i & -i {
			tree[i]++
		}
	}
	return n
}

// columns sets the columns beside each other, with room for the labels between them.
func (l *layout) columns(spaces []float64) {
	gaps := make([]float64, len(l.layers))
	for i := range gaps {
		gaps[i] = leastGap
	}
	for _, r := range l.routes { // a label stands beside the first or the last box
		for _, v := range []int{r.via[0], r.via[len(r.via)-1]} {
			i := l.vertices[v].layer
			if v == r.via[0] {
				gaps[i] = max(gaps[i], spaces[r.arrow])
			} else if i > 0 {
				gaps[i-1] = max(gaps[i-1], spaces[r.arrow])
			}
		}
	}
	x := 0.0
	for i, layer := range l.layers {
		width := 0.0
		for _, v := range layer {
			width = max(width, l.vertices[v].width)
		}
		for _, v := range layer {
			l.vertices[v].x = x + width/2
			if l.vertices[v].height == 0 {
				l.vertices[v].width = width // a bend lies level between the boxes of its column
			}
		}
		x += width + gaps[i]
	}
}

// straighten moves every column up and down so that its vertices stand level with their neighbours, as far as their order and
// sizes let them.
func (l *layout) straighten() {
	for i := range l.layers {
		l.settle(i, func(v *vertex) []int { return nil })
	}
	for pass := range straights {
		for i := range l.layers {
			switch {
			case pass == straights-1 || pass%3 == 2:
				l.settle(i, func(v *vertex) []int { return slices.Concat(v.before, v.after) })
			case pass%3 == 0:
				l.settle(i, func(v *vertex) []int { return v.before })
			default:
				l.settle(len(l.layers)-1-i, func(v *vertex) []int { return v.after })
			}
		}
	}
}

// settle places the vertices of a column as near as they can be to the middle of their neighbours, in the sense of least
// squares: with the distances taken off, heights that must ascend, which pooling of adjacent violators finds.
func (l *layout) settle(i int, neighbours func(*vertex) []int) {
	type block struct {
		sum   float64
		count int
	}
	var blocks []block
	offsets := make([]float64, len(l.layers[i]))
	for j, v := range l.layers[i] {
		if j > 0 {
			offsets[j] = offsets[j-1] + l.distance(l.layers[i][j-1], v)
		}
		b := block{l.wish(v, neighbours) - offsets[j], 1}
		for n := len(blocks); n > 0 && blocks[n-1].sum/float64(blocks[n-1].count) > b.sum/float64(b.count); n-- {
			b = block{b.sum + blocks[n-1].sum, b.count + blocks[n-1].count}
			blocks = blocks[:n-1]
		}
		blocks = append(blocks, b)
	}
	j := 0
	for _, b := range blocks {
		for range b.count {
			l.vertices[l.layers[i][j]].y = b.sum/float64(b.count) + offsets[j]
			j++
		}
	}
}

// distance is how far apart the middles of two vertices in a column must be.
func (l *layout) distance(upper, lower int) float64 {
	a, b := &l.vertices[upper], &l.vertices[lower]
	gap := boxGap
	if a.height == 0 || b.height == 0 {
		gap = bendGap
	}
	return (a.height+b.height)/2 + gap
}

// wish is the height that a vertex would like to stand at.
func (l *layout) wish(v int, neighbours func(*vertex) []int) float64 {
	near := neighbours(&l.vertices[v])
	if len(near) == 0 {
		return l.vertices[v].y
	}
	sum := 0.0
	for _, n := range near {
		sum += l.vertices[n].y
	}
	return sum / float64(len(near))
}

// bounds are the corners of the rectangle that all boxes lie in.
func (l *layout) bounds() (left, top, right, bottom float64) {
	left, top, right, bottom = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for i := range l.vertices {
		v := &l.vertices[i]
		left, right = min(left, v.x-v.width/2), max(right, v.x+v.width/2)
		top, bottom = min(top, v.y-v.height/2), max(bottom, v.y+v.height/2)
	}
	return left, top, right, bottom
}

package node

import (
	"testing"
	"time"
)

func TestStall(t *testing.T) {
	type second struct {
		height int64
		peers  []int64
	}
	// A peer that is as far works on block height+1.
	rows := []struct {
		name string
		at   func(s int) second
		want int // second in which the node ends, -1 never
	}{
		{"alone behind", func(int) second { return second{5, []int64{9, 9, 6}} }, 10},
		{"quiet network", func(int) second { return second{5, []int64{6, 6, 6}} }, -1},
		{"a block behind its peers for a moment", func(int) second { return second{5, []int64{6, 6, 6}} }, -1},
		{"cut off", func(int) second { return second{5, nil} }, -1},
		{"minority partition", func(int) second { return second{5, []int64{6}} }, -1},
		{"one liar of three", func(int) second { return second{5, []int64{1 << 40, 6, 6}} }, -1},
		{"half of them liars", func(int) second { return second{5, []int64{1 << 40, 6}} }, -1},
		{"slow but moving", func(s int) second { return second{int64(5 + s/5), []int64{1000, 1000}} }, -1},
		{"peers come and go", func(s int) second {
			if s%7 == 6 {
				return second{5, nil}
			}
			return second{5, []int64{9, 9}}
		}, -1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := stall{limit: 10 * time.Second}
			got, start := -1, time.Unix(1000, 0)
			for i := range 60 {
				now := row.at(i)
				if s.observe(start.Add(time.Duration(i)*time.Second), now.height, now.peers) {
					got = i
					break
				}
			}
			if got != row.want {
				t.Errorf("ended in second %d, want %d", got, row.want)
			}
		})
	}
}

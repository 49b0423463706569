package client

import (
	"testing"
	"time"
)

func TestBandFlag(t *testing.T) {
	for text, want := range map[string][2]uint64{
		"25%..45%": {250_000, 450_000}, "0.25..0.45": {250_000, 450_000}, "33.3333%..33.3334%": {333_333, 333_334}, "0..1.1": {0, 1_100_000},
		"100%..100%": {1_000_000, 1_000_000}, " 5 % .. 6%": {50_000, 60_000},
	} {
		var least, most uint64
		if err := (bandFlag{&least, &most}).Set(text); err != nil || least != want[0] || most != want[1] {
			t.Errorf("%s: got %d..%d, %v, want %v", text, least, most, err, want)
		}
	}
	for _, text := range []string{"", "25%", "45%..25%", "a..b", "-1..1", "33.33335%..40%", "0.3333333..1"} {
		if err := (bandFlag{new(uint64), new(uint64)}).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestMeasureFlag(t *testing.T) {
	for text, want := range map[string]struct {
		amount uint64
		unit   string
	}{
		"250 g": {25_000_000, "GRM"}, "1200kg": {120_000_000, "KGM"}, "0.5 TNE": {50_000, "TNE"}, "700斤": {35_000_000, "KGM"}, "12 pieces": {1_200_000, "C62"},
	} {
		var amount uint64
		var unit string
		if err := (measureFlag{&amount, &unit}).Set(text); err != nil || amount != want.amount || unit != want.unit {
			t.Errorf("%s: got %d %s, %v, want %v", text, amount, unit, err, want)
		}
	}
	for _, text := range []string{"", "250", "kg", "0 kg", "1,5 kg", "250 hogsheads", "-3 kg"} {
		if err := (measureFlag{new(uint64), new(string)}).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestMomentFlag(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	day := time.Date(2026, 9, 1, 0, 0, 0, 0, time.Local)
	for text, want := range map[string][2]time.Time{ // as a begin, as an end
		"2026-09-01":           {day, day.AddDate(0, 0, 1)},
		"2026-09-01 07:30":     {day.Add(450 * time.Minute), day.Add(450 * time.Minute)},
		"2026-09-01T00:00:00Z": {time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)},
		"72h":                  {now.Add(72 * time.Hour), now.Add(72 * time.Hour)},
	} {
		for i, end := range []bool{false, true} {
			var ms int64
			f := momentFlag{&ms, end, func() time.Time { return now }}
			if err := f.Set(text); err != nil || ms != want[i].UnixMilli() {
				t.Errorf("%s, end %v: got %s, %v, want %s", text, end, time.UnixMilli(ms), err, want[i])
			}
		}
	}
	if err := (momentFlag{new(int64), false, time.Now}).Set("tomorrow"); err == nil {
		t.Error("tomorrow was taken")
	}
}

func TestNamed(t *testing.T) {
	lot, err := lotNamed("(01)06901234000016(10)L1")
	if err != nil || lot != "06901234000016.L1" {
		t.Errorf("got %s, %v", lot, err)
	}
	unit, err := unitNamed("069012340000000016")
	if err != nil || unit != "sscc.069012340000000016" {
		t.Errorf("got %s, %v", unit, err)
	}
	for text, want := range map[string]string{
		"6901234000900": "sgln.6901234000900", "6901234000900.P1": "sgln.6901234000900.P1", "plot/sgln.6901234000900.P1": "sgln.6901234000900.P1",
	} {
		if got, err := placeNamed(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	own, err := placeNamed("https://tianmu.example/slope/1")
	if again, err2 := placeNamed(own); err != nil || err2 != nil || again != own {
		t.Errorf("got %s, %v, and again %s, %v", own, err, again, err2)
	}
	for text, want := range map[string]string{
		"gdti.6901234000061.GI26": "gdti.6901234000061.GI26", "certificate/gdti.6901234000061.GI26": "gdti.6901234000061.GI26",
		"https://id.gs1.org/253/6901234000061GI26": "gdti.6901234000061.GI26", "(253)6901234000061GI26": "gdti.6901234000061.GI26",
	} {
		if got, err := certificateNamed(text); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, bad := range []string{"06901234000016.L1", "6901234000009"} {
		if _, err := unitNamed(bad); err == nil {
			t.Errorf("unit %s was taken", bad)
		}
	}
	for _, bad := range []string{"06901234000016", "sscc.069012340000000016", "nonsense"} {
		if _, err := lotNamed(bad); err == nil {
			t.Errorf("lot %s was taken", bad)
		}
	}
	if gtin, err := gtinNamed("6901234000016"); err != nil || gtin != "06901234000016" {
		t.Errorf("got %s, %v", gtin, err)
	}
}

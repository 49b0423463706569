package app

import (
	"slices"
	"strings"

	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/gs1"
)

func registerProduct(c *Call, b *types.RegisterProduct) error {
	key, err := gs1.ParsePath(b.GTIN)
	if err != nil {
		return refuse(types.FieldInvalid, "gtin", "%v", err)
	}
	_, licensee, err := prefixOf(c, key)
	if err != nil {
		return err
	}
	p, err := products.Get(c, b.GTIN)
	if err != nil {
		return err
	}
	if p == nil {
		p = &types.Product{GTIN: b.GTIN, Owner: c.Member.ID}
	}
	if owner := first(licensee, p.Owner); owner != c.Member.ID {
		return refuse(types.GCPMismatch, "gtin", "%s is %s's product", b.GTIN, owner)
	}
	p.Owner, p.Name, p.Net, p.NetUnit, p.Model = c.Member.ID, b.Name, b.Net, b.Unit, first(b.Model, types.ModelSegregated)
	return products.Put(c, b.GTIN, p)
}

func registerPlot(c *Call, b *types.RegisterPlot) error {
	authority := c.Member.Holds(types.RoleAuthority)
	if !authority && !c.Member.Holds(types.RoleCooperative) {
		return refuse(types.Role, "member", "%s is neither a cooperative nor an authority", c.Member.ID)
	}
	p, err := plots.Get(c, b.Plot)
	if err != nil {
		return err
	}
	if p == nil {
		p = &types.Plot{ID: b.Plot, Owner: c.Member.ID}
	}
	if p.Owner != c.Member.ID && !authority {
		return refuse(types.NotOwner, "plot", "%s was registered by %s", b.Plot, p.Owner)
	}
	p.Name, p.Members = b.Name, b.Members
	season := types.Season{GTIN: b.GTIN, From: b.From, Until: b.Until, Cap: b.Cap, Unit: b.Unit}
	if err := setSeason(p, season, authority); err != nil {
		return err
	}
	return plots.Put(c, b.Plot, p)
}

// maxSeasons bounds the seasons of one plot.
const maxSeasons = 400

// setSeason enters a season, or changes the cap of the same one. Seasons of one product
// do not overlap, or what exceeds the cap of one would go into the other.
func setSeason(p *types.Plot, s types.Season, authority bool) error {
	for i := range p.Seasons {
		old := &p.Seasons[i]
		if old.GTIN != s.GTIN || old.Until <= s.From || s.Until <= old.From {
			continue
		}
		switch {
		case old.From != s.From || old.Until != s.Until || old.Unit != s.Unit:
			return refuse(types.PlotSeason, "from", "it overlaps the season from %d to %d in %s", old.From, old.Until, old.Unit)
		case s.Cap > old.Cap && !authority:
			return refuse(types.Role, "cap", "only an authority raises a cap, from %s %s", gs1.FormatAmount(old.Cap), old.Unit)
		case s.Cap < old.Used:
			return refuse(types.SeasonCap, "cap", "%s %s were harvested already", gs1.FormatAmount(old.Used), old.Unit)
		}
		old.Cap = s.Cap
		return nil
	}
	if len(p.Seasons) >= maxSeasons {
		return refuse(types.FieldInvalid, "plot", "it has %d seasons already", len(p.Seasons))
	}
	p.Seasons = append(p.Seasons, s)
	slices.SortFunc(p.Seasons, func(a, b types.Season) int {
		if a.From != b.From {
			return int(min(max(a.From-b.From, -1), 1))
		}
		return strings.Compare(a.GTIN, b.GTIN)
	})
	return nil
}

// harvest takes what is commissioned at a registered plot from the season's cap, and
// returns the plot (R1). A place that is no registered plot bounds nothing.
func (x *capture) harvest(at string, m made) (string, error) {
	if x.Type != types.ObjectEvent {
		return "", nil
	}
	for _, uri := range []string{x.BizLocation, x.ReadPoint} {
		if uri == "" {
			continue
		}
		id, _, err := types.ThingOf(uri)
		if err != nil {
			continue // too long to be one
		}
		p, err := x.plots.get(x.Call, id)
		if err != nil {
			return "", err
		}
		if p != nil {
			return id, x.harvestFrom(at, p, m)
		}
	}
	return "", nil
}

// harvestFrom counts pieces by their content where the season is not counted in pieces.
func (x *capture) harvestFrom(at string, p *types.Plot, m made) error {
	if p.Owner != x.Member.ID && !slices.Contains(p.Members, x.Member.ID) {
		return refuse(types.NotOwner, at, "plot %s is %s's, who lets %s harvest from it", p.ID, p.Owner, first(listed(p.Members), "nobody else"))
	}
	for i := range p.Seasons {
		s := &p.Seasons[i]
		if s.GTIN != m.gtin || x.Time < s.From || x.Time >= s.Until {
			continue
		}
		n, err := m.in(s.Unit)
		if err != nil {
			return unitRefusal(at, err)
		}
		if n > s.Cap-s.Used {
			return refuse(types.SeasonCap, at+".quantity", "plot %s: %s %s asked, %s of %s left in the season", p.ID,
				gs1.FormatAmount(n), s.Unit, gs1.FormatAmount(s.Cap-s.Used), gs1.FormatAmount(s.Cap))
		}
		s.Used += n
		return nil
	}
	return refuse(types.PlotSeason, at, "plot %s has no season for GTIN %s at %d", p.ID, first(m.gtin, "(none)"), x.Time)
}

func setProcess(c *Call, b *types.SetProcess) error {
	if len(segment(b.BizStep)) > maxSegment {
		return refuse(types.FieldInvalid, "bizStep", "%.40q: at most %d bytes, percent-encoded", b.BizStep, maxSegment)
	}
	p, err := processes.Get(c, segment(b.BizStep))
	if err != nil {
		return err
	}
	if p == nil {
		p = new(types.Process)
	}
	p.Min, p.Max = b.Min, b.Max
	return processes.Put(c, segment(b.BizStep), p)
}

package web_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caryaledger/carya/node/prove/chaintest"
	"github.com/caryaledger/carya/node/web"
	"github.com/caryaledger/carya/types"
	"github.com/caryaledger/carya/types/evidence"
)

var (
	phone = view{width: 360, language: "zh-CN"}
	desk  = view{width: 1280, language: "en-US"}
)

func verifyPage(t testing.TB, c *chaintest.Chain) []byte {
	t.Helper()
	html, err := web.Verify(c.Trust(), "hangzhou-customs")
	check(t, err)
	return html
}

// says checks that the page says these words.
func (p *tab) says(words ...string) {
	p.t.Helper()
	text := p.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Errorf("the page does not say %q:\n%s", w, text)
		}
	}
}

func (p *tab) saysNot(words ...string) {
	p.t.Helper()
	text := p.text()
	for _, w := range words {
		if strings.Contains(text, w) {
			p.t.Errorf("the page says %q:\n%s", w, text)
		}
	}
}

const decided = "document.querySelector('#results article, #results .rows')"

// TestClaims: a file of every kind of claim is proven, saved page, desk, English.
func TestClaims(t *testing.T) {
	c := chaintest.Town(t)
	lot := "lot/" + chaintest.Lot
	from, to := evidence.Prefixed("payment/tianmu-pay/01KB")
	order, err := types.DecodeEvent(c.Raw["order/"+chaintest.Order][0])
	check(t, err)
	_, url := page(t, "verify.html", verifyPage(t, c))
	p := newTab(t, desk)
	for name, row := range map[string]struct {
		evidence *evidence.Evidence
		words    []string
	}{
		"record":  {c.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: lot}), []string{"This was the record lot/06901234000016.L2026A after block 4", "650 kg held by qianjiang-express"}},
		"absence": {c.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/06901234000023.NONE"}), []string{"no record lot/06901234000023.NONE"}},
		"history": {c.Prove(evidence.Ask{Claim: evidence.ClaimHistory, Key: lot}), []string{"all that ever happened", "3 events", "Recorded as a new lot", "offered it to qianjiang-express", "took it over from coop-linan"}},
		"event":   {c.Prove(evidence.Ask{Claim: evidence.ClaimEvent, Key: lot, Index: 1}), []string{"This is event 2 of the 3"}},
		"prefix":  {c.Prove(evidence.Ask{Claim: evidence.ClaimPrefix, Key: lot, Since: 2}), []string{"none was taken out, changed or put between them"}},
		"list":    {c.Prove(evidence.Ask{Claim: evidence.ClaimRange, From: from, To: to}), []string{"whose keys begin with payment/tianmu-pay/01KB: 4 records, and no other"}},
		"block":   {c.Prove(evidence.Ask{Claim: evidence.ClaimBlock, Height: 2}), []string{"Block 2 belongs to this chain"}},
		"field":   {field(t, c), []string{"王小明", "168.5", "to which lantu committed in block 2"}},
		"transaction": {c.Prove(evidence.Ask{Claim: evidence.ClaimTransaction, Digest: order.Tx[:]}), []string{
			"Block 2 holds this transaction and executed it"}},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			file, _ := page(t, name+".json", encoded(t, row.evidence))
			p.open(url)
			p.give("#files", file)
			p.wait(decided)
			if got := eval[string](p, "document.querySelector('article').dataset.verdict"); got != "proven" {
				t.Fatalf("verdict %q\n%s", got, p.text())
			}
			if got := eval[string](p, "document.activeElement.textContent"); got != "Proven" {
				t.Errorf("focus is on %q", got)
			}
			p.shoot("verify-" + name + "-en-1280")
			p.says(append(row.words, "100 % of the voting power", "杭州海关", "What is not proven")...)
			p.quiet()
		})
	}
}

// TestRolledBack: a transaction that was undone whole was not executed in part, though its bodies have results of their own.
func TestRolledBack(t *testing.T) {
	c := chaintest.Town(t)
	offer := &types.OfferLot{Lot: chaintest.Lot, To: "qianjiang-express", Deadline: chaintest.Start + 3_600_000}
	undone := c.Sign("coop-linan", types.Result{Code: types.Overdraw, Codes: []types.Code{types.RolledBack, types.Overdraw}}, offer, offer)
	c.Commit(undone)
	c.Commit()
	_, url := page(t, "verify.html", verifyPage(t, c))
	file, _ := page(t, "undone.json", encoded(t, c.Prove(evidence.Ask{Claim: evidence.ClaimTransaction, Digest: undone.Digest[:]})))
	p := newTab(t, desk)
	p.open(url)
	p.give("#files", file)
	p.wait(decided)
	p.shoot("verify-rolled-back-en-1280")
	p.says("holds this transaction and refused it with code OVERDRAW", "refused: ROLLED_BACK", "refused: OVERDRAW", "what is refused may name anybody")
	p.quiet()
}

func field(t testing.TB, c *chaintest.Chain) *evidence.Evidence {
	t.Helper()
	d := chaintest.PrivateDocument
	shown, err := types.Disclose(d.Kind, d.Fields, d.Seed, []int{1, 2})
	check(t, err)
	shown.Record = "order/" + chaintest.Order
	e := c.Prove(evidence.Ask{Claim: evidence.ClaimEvent, Key: shown.Record, Root: shown.Root[:]})
	e.Claims[0].Claim, e.Claims[0].Document = evidence.ClaimField, shown
	return e
}

// TestRefused: what is not proven is red, says why, and what to do.
func TestRefused(t *testing.T) {
	c, other := chaintest.Town(t), chaintest.NewFrom(t, func(g *types.Genesis) { g.Params.Skew++ })
	good := compact(t, c.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/" + chaintest.Lot}))
	forged := c.Prove(evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/" + chaintest.Lot})
	commit := forged.Headers[0].Commit
	commit[len(commit)-1] ^= 1
	changed := c.Prove(evidence.Ask{Claim: evidence.ClaimHistory, Key: "lot/" + chaintest.Lot})
	changed.Claims[0].Events = changed.Claims[0].Events[1:]
	for name, row := range map[string]struct {
		chain *chaintest.Chain
		file  []byte
		want  evidence.Reason
	}{
		"cut off":     {c, good[:len(good)-1], evidence.Malformed},
		"other chain": {other, good, evidence.ChainDiffers},
		"forged":      {c, compact(t, forged), evidence.SignatureInvalid},
		"shortened":   {c, encoded(t, changed), evidence.HistoryDiffers},
		"newer":       {c, []byte(`{"format":"carya-evidence/3"}`), evidence.FormatUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			_, url := page(t, "verify.html", verifyPage(t, row.chain))
			file, _ := page(t, "file", row.file)
			p := newTab(t, phone)
			p.open(url)
			p.give("#files", file)
			p.wait(decided)
			if got := eval[string](p, "document.querySelector('article').dataset.verdict"); got != string(row.want) {
				t.Fatalf("verdict %q, want %s\n%s", got, row.want, p.text())
			}
			p.says("未证明", "请勿依赖该文件", string(row.want))
			p.saysNot("已证明")
			p.shoot("verify-" + strings.ReplaceAll(name, " ", "-") + "-zh-360")
			p.quiet()
		})
	}
}

// TestWaysIn: a link, pasted text, a drop, several files, and another trust file.
func TestWaysIn(t *testing.T) {
	c := chaintest.Town(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/verify" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(verifyPage(t, c))
	}))
	defer server.Close()
	e := c.Prove(evidence.Ask{Claim: evidence.ClaimHistory, Key: "lot/" + chaintest.Lot})
	link := server.URL + "/verify#" + base64.RawURLEncoding.EncodeToString(compact(t, e))
	const proven = "document.querySelector('article[data-verdict=proven]')"

	t.Run("link", func(t *testing.T) {
		p := newTab(t, phone)
		p.open(link)
		p.wait(proven)
		p.shoot("verify-link-zh-360")
		p.says("来自链接", "已证明", "全部历史", "共 3 件事件")
		eval[any](p, "document.querySelector('[data-language=en]').click()")
		p.says("From the link", "Proven", "3 events")
		p.quiet()
	})
	t.Run("paste", func(t *testing.T) {
		p := newTab(t, desk)
		for _, text := range []string{link, string(encoded(t, e)), base64.StdEncoding.EncodeToString(compact(t, e))} {
			p.open(server.URL + "/verify")
			eval[any](p, "document.getElementById('text').value = "+quoted(text)+", document.getElementById('paste').requestSubmit()")
			p.wait(proven)
		}
		p.open(server.URL + "/verify")
		p.shoot("verify-empty-en-1280")
		eval[any](p, "document.getElementById('text').value = 'hello world!', document.getElementById('paste').requestSubmit()")
		p.wait(decided)
		p.says("neither JSON")
		p.quiet()
	})
	t.Run("drop of several", func(t *testing.T) {
		good, _ := page(t, "lot-history.json", encoded(t, e))
		bad, _ := page(t, "edited.json", []byte(strings.Replace(string(encoded(t, e)), `"height": 4`, `"height": 3`, 1)))
		p := newTab(t, desk)
		p.open(server.URL + "/verify")
		for _, kind := range []string{"dragEnter", "dragOver", "drop"} {
			p.do("Input.dispatchDragEvent", obj{"type": kind, "x": 640, "y": 300, "data": obj{"items": []any{}, "files": []string{good, bad}, "dragOperationsMask": 1}}, nil)
		}
		p.wait("document.querySelector('#results .rows')")
		p.shoot("verify-several-en-1280")
		p.says("2 files: 1 proven, 1 not proven", "lot-history.json", "edited.json", "STATE_MISSING")
		p.quiet()
	})
	t.Run("part of a transaction", func(t *testing.T) {
		vectors, err := filepath.Abs("../../types/testdata/evidence")
		check(t, err)
		p := newTab(t, desk)
		p.open(server.URL + "/verify")
		p.give("#trust-file", filepath.Join(vectors, "trust.json"))
		p.give("#files", filepath.Join(vectors, "transaction-partly.json"))
		p.wait(proven)
		p.shoot("verify-transaction-en-1280")
		p.says("executed a part of it", "OfferLot in the name of coop-linan", "offered it to qianjiang-express executed", "refused: OVERDRAW")
		p.quiet()
	})
	t.Run("other trust", func(t *testing.T) {
		other := chaintest.NewFrom(t, func(g *types.Genesis) { g.Params.Skew++ })
		trust, err := other.Trust().Encode()
		check(t, err)
		file, _ := page(t, "trust.json", trust)
		evidenceFile, _ := page(t, "lot.json", encoded(t, e))
		p := newTab(t, desk)
		p.open(server.URL + "/verify")
		p.give("#files", evidenceFile)
		p.wait(proven)
		p.give("#trust-file", file)
		p.wait("document.querySelector('article[data-verdict=CHAIN_DIFFERS]')")
		p.says("You gave this page the trust file trust.json", other.Hash.String())
		eval[any](p, "[...document.querySelectorAll('.trust button')].at(-1).click()")
		p.wait(proven)
		p.quiet()
	})
}

func quoted(s string) string {
	return `decodeURIComponent(escape(atob("` + base64.StdEncoding.EncodeToString([]byte(s)) + `")))`
}

// titles are those of the steps of a story.
func (p *tab) titles() string {
	p.t.Helper()
	return eval[string](p, "[...document.querySelectorAll('.timeline h3')].map(e => e.textContent).join('|')")
}

// TestLot: the story of a lot, as a shopper sees it.
func TestLot(t *testing.T) {
	s := newStory(t)
	whole := s.evidence(keys...)
	show := func(t *testing.T, v view, name string, e *evidence.Evidence, trust *evidence.Trust, want string) *tab {
		t.Helper()
		html, err := web.Lot(trust, "hangzhou-customs", bagLot, e)
		check(t, err)
		_, url := page(t, "lot.html", html)
		p := newTab(t, v)
		p.open(url)
		p.wait("document.getElementById('story').dataset.verdict")
		p.shoot(name)
		if got := eval[string](p, "document.getElementById('story').dataset.verdict"); got != want {
			t.Fatalf("verdict %q, want %q\n%s", got, want, p.text())
		}
		p.quiet()
		return p
	}
	t.Run("zh", func(t *testing.T) {
		p := show(t, phone, "lot-zh-360", whole, s.Trust(), "proven")
		p.says("临安山核桃 500 g", "批次 P261121", "无召回", "岛石镇 1 号山核桃林", "采收", "批次 G261102 1,000 kg", "660 件（每件 500 g）", "由 临安山核桃合作社 签名",
			"浙江质检院", "GI Lin'an hickory", "41.5 – 47.2 °C", "证据中还有：1 件事件")
		p.saysNot("此处未显示", "已召回")
		want := "采收|加工：husking and drying|分装|装入 物流单元 069012340000000016|发货|收货|从 物流单元 069012340000000016 取出"
		if got := p.titles(); got != want {
			t.Errorf("steps %s\nwant  %s", got, want)
		}
	})
	t.Run("en", func(t *testing.T) {
		p := show(t, desk, "lot-en-1280", whole, s.Trust(), "proven")
		p.says("Lot P261121", "No recall known", "Harvested", "900 kg of lot G261102", "350 kg of lot D261111", "Signed by Lantu Mall", "may yield 1,200 kg", "Verified on this device",
			"a code can be copied onto another bag")
	})
	t.Run("dark", func(t *testing.T) {
		show(t, view{width: 360, language: "en", dark: true}, "lot-dark-360", whole, s.Trust(), "proven")
	})
	t.Run("missing", func(t *testing.T) {
		p := show(t, phone, "lot-missing-zh-360", s.evidence("lot/"+bagLot, "lot/"+driedLot, "product/"+bagLot[:14]), s.Trust(), "proven")
		p.says("此处未显示", "批次 G261102 的记录", "物流单元 069012340000000016 的记录", "证书 6909876000012GI261102 的记录")
	})
	t.Run("other lot", func(t *testing.T) {
		show(t, desk, "lot-other-en-1280", s.evidence("lot/"+driedLot), s.Trust(), "other").says("it shows nothing about the lot " + bagLot)
	})
	t.Run("edited", func(t *testing.T) {
		edited := s.evidence(keys...)
		edited.Claims[0].Events[0][40] ^= 1
		p := show(t, phone, "lot-edited-zh-360", edited, s.Trust(), string(evidence.HistoryDiffers))
		p.says("未证明", "不显示该批次的任何信息")
		p.saysNot("采收", "岛石", "无召回", "山核桃 500")
	})
	t.Run("wrong trust", func(t *testing.T) {
		other := chaintest.NewFrom(t, func(g *types.Genesis) { g.Params.Skew++ })
		show(t, desk, "lot-trust-en-1280", whole, other.Trust(), string(evidence.ChainDiffers)).saysNot("Harvested")
	})
	t.Run("recalled", func(t *testing.T) {
		s := newStory(t)
		s.recall()
		p := show(t, phone, "lot-recalled-zh-360", s.evidence(append(keys, "recall/"+recallID)...), s.Trust(), "proven")
		p.says("已召回", "黄曲霉毒素", "一级", "浙江省市场监管局", "启动召回")
		p.saysNot("无召回")
		p = show(t, desk, "lot-recall-hidden-en-1280", s.evidence(keys...), s.Trust(), "proven")
		p.says("RECALLED", "The record of the recall is not shown here", "the record of recall/"+recallID)
	})
	t.Run("doubts", func(t *testing.T) {
		s := newStory(t)
		s.doubt()
		p := show(t, desk, "lot-doubts-en-1280", s.evidence(append(keys, "event/"+dryingID)...), s.Trust(), "proven")
		p.says("Disputed", "A certificate behind this lot was suspended or revoked", "revoked since", "no longer grown there", "This was declared an error later", "Declared an error")
		p.saysNot("RECALLED", "Made under")
		if titles := p.titles(); strings.Contains(titles, "Sold") || !strings.HasSuffix(titles, "|Declared an error|changed the certificate to revoked") {
			t.Errorf("steps %s", titles)
		}
	})
	t.Run("several events of one transformation", func(t *testing.T) {
		s := newStory(t)
		made, id := s.blend()
		html, err := web.Lot(s.Trust(), "n", made, s.evidence("lot/"+made, id, "lot/"+driedLot))
		check(t, err)
		_, url := page(t, "lot.html", html)
		p := newTab(t, desk)
		p.open(url)
		p.says("30 kg of lot D261111", "60 pieces of lot B261122", "the record of lot G261102")
		p.quiet()
	})
	t.Run("unknown", func(t *testing.T) {
		_, url := page(t, "lot.html", web.NoLot("hangzhou-customs", "06901234000016.<script>"))
		p := newTab(t, phone)
		p.open(url)
		p.shoot("lot-unknown-zh-360")
		p.says("没有该批次", "06901234000016.<script>")
		p.quiet()
	})
}

// TestKeep: the evidence can be saved, and opened on the page that checks it.
func TestKeep(t *testing.T) {
	s := newStory(t)
	e := s.evidence(keys...)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	html, err := web.Lot(s.Trust(), server.URL, bagLot, e)
	check(t, err)
	mux.HandleFunc("/verify", func(w http.ResponseWriter, _ *http.Request) { w.Write(verifyPage(t, s.Chain)) })
	_, url := page(t, "saved.html", html)
	p := newTab(t, desk)
	p.open(url)
	folder := t.TempDir()
	p.call(t, "", "Browser.setDownloadBehavior", obj{"behavior": "allow", "downloadPath": folder}, nil)
	eval[any](p, "document.querySelector('.buttons button').click()")
	name := filepath.Join(folder, "lot-"+bagLot+".evidence")
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got, err := os.ReadFile(name)
		if err == nil && bytes.Equal(got, compact(t, e)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("saved: %v, %d bytes", err, len(got))
		}
	}
	p.quiet()
	link := eval[string](p, "document.querySelector('.buttons a').href")
	p.open(link)
	p.wait("document.querySelector('article[data-verdict=proven]')")
	p.says("From the link", "until block", "product/"+bagLot[:14])
	p.shoot("verify-lot-en-1280")
}

// BenchmarkPage verifies files in fresh pages; verify-ms is what the page measured, without loading it.
func BenchmarkPage(b *testing.B) {
	town, long := chaintest.Town(b), longHistory(b, 1000)
	for _, row := range []struct {
		name  string
		chain *chaintest.Chain
		ask   evidence.Ask
	}{
		{"record", town, evidence.Ask{Claim: evidence.ClaimRecord, Key: "lot/" + chaintest.Lot}},
		{"history_of_1000", long, evidence.Ask{Claim: evidence.ClaimHistory, Key: "lot/" + chaintest.Lot}},
	} {
		b.Run(row.name, func(b *testing.B) {
			_, url := page(b, "verify.html", verifyPage(b, row.chain))
			file, _ := page(b, "file.json", encoded(b, row.chain.Prove(row.ask)))
			p := newTab(b, desk)
			total := 0.0
			for b.Loop() {
				p.open(url)
				p.give("#files", file)
				p.wait("document.querySelector('article[data-verdict=proven]')")
				total += eval[float64](p, "Number(document.querySelector('article').dataset.ms)")
			}
			b.ReportMetric(total/float64(b.N), "verify-ms")
		})
	}
}

package generate

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// person is somebody who buys, pays or receives.
type person struct {
	number    int // 0 to persons-1
	name      string
	identity  string // resident identity number, 18 characters
	telephone string
	district  district
	address   string
}

// persons is how many different identity numbers there are: 100 region codes, 16,000 days of birth, 1,000 serials.
const (
	regions = 100
	days    = 16_000
	serials = 1_000
	persons = regions * days * serials
)

// strangers is the first number of persons who are in no order but by a fault.
const strangers = persons / 2

// firstBirthday begins the days of birth, which end in October 2005.
var firstBirthday = time.Date(1962, 1, 1, 0, 0, 0, 0, time.UTC)

// buyerOf returns the number of the person who makes an order. Of 1,000 orders in a row, 400 are a person's only one, 300
// are one of two, 300 one of four. Nobody orders more often, so that at 5,000 yuan an order nobody reaches the annual limit
// of 26,000.
func buyerOf(order int) int {
	const block, people = 1_000, 400 + 150 + 75
	first := order / block * people
	switch j := order % block * 617 % block; { // 617 has no divisor in common with 1,000: a permutation
	case j < 400:
		return first + j
	case j < 700:
		return first + 400 + (j-400)/2
	default:
		return first + 550 + (j-700)/4
	}
}

// personOf invents the person of a number, always the same. Different numbers below persons have different identity
// numbers.
func personOf(seed uint64, number int) person {
	r := rand.New(rand.NewPCG(seed, streamPersons+uint64(number)))
	area := pick(r, areas)
	return person{
		number:    number,
		name:      nameOf(r),
		identity:  identityOf((uint64(number)*identityStep + mix(seed)%persons) % persons),
		telephone: "1380000" + digits(r.Uint64N(10_000), 4),
		district:  area,
		address:   addressOf(r, area),
	}
}

// identityStep spreads neighbouring numbers over the identity numbers. It is prime, and no divisor of persons.
const identityStep = 998_244_353

// identityOf writes the nth identity number as GB 11643 has it: region, date of birth, serial, check character.
func identityOf(n uint64) string {
	serial, n := n%serials, n/serials
	born := firstBirthday.AddDate(0, 0, int(n%days))
	number := "3399" + digits(n/days, 2) + born.Format("20060102") + digits(serial, 3)
	return number + checkCharacter(number)
}

// checkCharacter is that of ISO 7064 MOD 11-2 over 17 digits.
func checkCharacter(number string) string {
	remainder := 0
	for i := range len(number) {
		remainder = (remainder + int(number[i]-'0')) * 2 % 11
	}
	n := (12 - remainder) % 11
	if n == 10 {
		return "X"
	}
	return strconv.Itoa(n)
}

func nameOf(r *rand.Rand) string {
	name := pick(r, surnames) + pick(r, givenNames)
	if r.IntN(3) > 0 {
		name += pick(r, givenNames)
	}
	return name
}

func addressOf(r *rand.Rand, area district) string {
	return area.name + pick(r, roads) + strconv.Itoa(1+r.IntN(699)) + "号" +
		strconv.Itoa(1+r.IntN(30)) + "幢" + strconv.Itoa(1+r.IntN(18)) + "0" + strconv.Itoa(1+r.IntN(6)) + "室"
}

// pick returns one of the list.
func pick[T any](r *rand.Rand, list []T) T {
	return list[r.IntN(len(list))]
}

var surnames = []string{
	"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗",
	"郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田", "董", "潘", "袁", "蔡", "蒋", "余",
	"于", "杜", "叶", "程", "魏", "苏", "吕", "丁", "沈", "任", "姚", "卢", "傅", "钟", "姜", "崔", "谭", "廖", "范", "汪",
	"欧阳", "司徒",
}

var givenNames = []string{
	"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "明", "超", "霞", "平", "刚", "玲",
	"桂", "辉", "鹏", "华", "红", "玉", "萍", "飞", "浩", "宇", "欣", "怡", "佳", "雪", "晨", "旭", "阳", "梓", "涵", "轩",
	"雨", "桐", "思", "远", "若", "溪", "子", "墨", "安", "然", "嘉", "禾", "亦", "舟", "沐", "清", "云", "书", "瑶", "宁",
}

// district is a place to deliver to, with its code in GB/T 2260.
type district struct {
	code, name string
}

var areas = []district{
	{"330102", "浙江省杭州市上城区"}, {"330105", "浙江省杭州市拱墅区"}, {"330106", "浙江省杭州市西湖区"},
	{"330108", "浙江省杭州市滨江区"}, {"330109", "浙江省杭州市萧山区"}, {"330110", "浙江省杭州市余杭区"},
	{"330112", "浙江省杭州市临安区"}, {"330203", "浙江省宁波市海曙区"}, {"310115", "上海市浦东新区"},
	{"320102", "江苏省南京市玄武区"}, {"320508", "江苏省苏州市姑苏区"}, {"440106", "广东省广州市天河区"},
	{"510107", "四川省成都市武侯区"}, {"110105", "北京市朝阳区"}, {"420106", "湖北省武汉市武昌区"},
}

var roads = []string{
	"青枫路", "栗子坞路", "云溪巷", "听竹路", "柳浦街", "白鹭路", "桂雨路", "石榴巷", "归雁路", "晚舟街", "砚池路", "远岫路",
}

package match

// byCommonness lists the common bytes of text protocols and their payloads, the rarest first; a byte that is not
// listed is rarer than all of these. The order is a guess at the traffic, not a measurement of one: a wrong guess
// costs a false candidate, and the search changes its gear when there are many.
//
// CR stands well below LF: they are equal in CRLF text and CR is absent from text with bare LF.
const byCommonness = "\x01\x02\x7f^`~|\\{}@#$!%+*[]<>()&?';\t\xff" +
	"ZQXJKVYWBUGFHPMDLNRSOIACTE" +
	"zqjxk\r\"_=,v:/.-" +
	"9876543210" +
	"bwygfpmudhlcrsnoiat\n" +
	"e\x00 "

// rank orders bytes by how common they are: 0 is the rarest.
var rank = rankTable(byCommonness)

// rankTable returns for each byte one more than its last place in order, and 0 for a byte that is not there.
func rankTable(order string) (ranks [256]uint8) {
	for i := range len(order) {
		ranks[order[i]] = uint8(i + 1)
	}
	return ranks
}

// pairRank orders pairs of bytes of the literal b by how common they are at their distance. The two are taken as
// independent, except for CR LF, which is as common as its bytes are, and for a byte and itself: in CRLF CRLF the pair
// to look for is the LF CR in the middle. Of pairs that are as common, the closer ones come first.
func pairRank(b []byte, i, j int) int {
	sum := int(rank[b[i]]) + int(rank[b[j]])
	if b[i] == b[j] || j == i+1 && b[i] == '\r' && b[j] == '\n' {
		sum *= 2
	}
	return sum*sampleSpan + j - i
}

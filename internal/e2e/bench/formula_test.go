// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"encoding/xml"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
)

func TestTheCallsAreThoseOfTheFormula(t *testing.T) {
	many := Size{Regions: 1, AMIs: 51, Snapshots: 4, Accounts: 1, Grantees: 1}
	disks := Size{Regions: 2, AMIs: 3, Snapshots: 2, Accounts: 4, Grantees: 1}
	for name, s := range map[string]scenario{
		"one of everything":                         {size: Of(1, 1, 1), runs: Of(1, 1, 1).both(bars{})},
		"several Regions, accounts and roles":       {size: Of(3, 5, 3), runs: Of(3, 5, 3).both(bars{})},
		"several AMIs and snapshots":                {size: disks, runs: disks.both(bars{})},
		"more snapshots than a call takes":          {size: many, runs: many.both(bars{})},
		"more grants than a page has":               {size: Of(1, 70, 2), runs: Of(1, 70, 2).both(bars{})},
		"more accounts than a call takes":           {size: Of(1, 501, 1), runs: Of(1, 501, 1).both(bars{})},
		"more grants of one's own than a long list": {size: Of(1, 701, 3), runs: Of(1, 701, 3).both(bars{})},
		"a key with very many grants of others":     {size: Of(2, 3, 2), volumes: 2500, runs: Of(2, 3, 2).beside(2500)},
		"accounts that are no longer to be granted": {size: Of(2, 4, 2), runs: []run{{title: "first", path: Of(2, 4, 2).first()}, exactly(Of(2, 4, 2), 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			l, stop, err := serve(s.world())
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			for _, variable := range environment(l.url) {
				if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
					t.Setenv(name, value)
				}
			}
			for _, r := range s.runs {
				options := s.options(r)
				p := new(amishare.PostProcessor)
				if err := p.Configure(options); err != nil {
					t.Fatal(err)
				}
				if _, _, _, err := p.PostProcess(t.Context(), new(listener), handedOver(s.size.artifact())); err != nil {
					t.Fatal(err)
				}
				calls, _ := l.count()
				if err := (result{scenario: s, run: r, calls: calls}).mismatch(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestTheLeastTimeIsThatOfRoundTripsAndBuckets(t *testing.T) {
	buckets := map[string]awssim.Bucket{"sts:AssumeRole": {Burst: 50, PerSecond: 5}}
	for name, tt := range map[string]struct {
		path    path
		buckets map[string]awssim.Bucket
		want    time.Duration
	}{
		"a first run":                        {Of(4, 100, 1).first(), nil, 1100 * time.Millisecond},
		"a repeated run":                     {Of(1, 100, 1).repeated(), nil, 600 * time.Millisecond},
		"a repeated run with several pages":  {Of(1, 150, 2).repeated(), nil, 800 * time.Millisecond},
		"more calls than are made at once":   {Of(15, 500, 1).first(), nil, 6700 * time.Millisecond},
		"sessions that AWS takes one by one": {Of(4, 100, 1).first(), buckets, 11 * time.Second},
	} {
		if got := tt.path.least(100*time.Millisecond, tt.buckets); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestAMismatchNamesWhatIsTooMuchAndWhatIsMissing(t *testing.T) {
	s := scenario{size: Of(1, 1, 1)}
	calls := maps.Clone(s.size.first().Calls())
	calls["kms:CreateGrant"]++
	calls["ec2:CopyImage"] = 1
	delete(calls, "sts:AssumeRole")
	err := result{scenario: s, run: run{title: "first", path: s.size.first()}, calls: calls}.mismatch()
	const want = "1x1x1, first run: calls that the formula of docs/design.md does not have: " +
		"ec2:CopyImage 1 times, not 0; kms:CreateGrant 2 times, not 1; sts:AssumeRole 0 times, not 1"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestALineMarksWhatMissesItsBar(t *testing.T) {
	s := scenario{size: Of(15, 500, 1), latency: usual, buckets: but("sts:AssumeRole", awssim.Bucket{Burst: 50, PerSecond: 5}), descriptors: 1024}
	r := result{scenario: s, run: run{title: "first", path: s.size.first(), bars: bars{memory: 150, cpu: 4, alone: 2, refused: 0.1, report: 1000}}, calls: map[string]int{"sts:AssumeRole": 90, "iam:GetRole": 500}}
	r.refused = map[string]int{"sts:AssumeRole": 10}
	r.took = usage{wall: 2 * r.least(), memory: 165e6, cpu: 2 * time.Second, descriptors: 600, rows: 12, report: 20_000}
	r.alone = time.Millisecond
	const want = "| 15x500x1, ulimit -n 1024, AssumeRole at 5/s | 100 ms | first | 193.0 | 2.00 | 590 | 10.0 % of 10.0 % (1.00) | 165 of 150 (1.10) **over** | 2.0 of 4.0 (0.50) | 3.39 of 2.00 (1.69) **over** | 600 | 12 | 20 of 1000 (0.02) |\n"
	if got := r.line(); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestThePlotHasALineForEachSortOfRun(t *testing.T) {
	var results []result
	for _, s := range []Size{Of(1, 100, 1), Of(4, 100, 1), Of(15, 500, 1)} {
		for _, r := range s.both(bars{}) {
			results = append(results, result{scenario: scenario{size: s, latency: usual}, run: r, took: usage{wall: time.Second, memory: 50e6}})
		}
	}
	text := plot(results, howto{size: Of(2, 5, 1), calls: 19, wall: 19 * time.Second})
	var document struct{}
	if err := xml.Unmarshal([]byte(text), &document); err != nil || strings.Count(text, "<circle") != 4*3 || strings.Count(text, "dasharray") != 4 {
		t.Errorf("%v in\n%s", err, text)
	}
}

func TestTheStepsByHandAreAsManyAsTheScriptMakes(t *testing.T) {
	for _, s := range []Size{Of(1, 2, 1), Of(3, 2, 2)} {
		script := s.script("aws")
		sharing := strings.Count(script, "aws ec2 ")
		if got := sharing + s.Accounts*(1+s.Regions*s.Grantees); got != s.steps() {
			t.Errorf("%s: %d calls, %d steps in\n%s", s, got, s.steps(), script)
		}
	}
}

func TestTheSDKAloneMakesTheCallsInTheTargets(t *testing.T) {
	s := Of(2, 3, 2)
	l, stop, err := serve(s.shared())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := Alone(t.Context(), l.url, s); err != nil {
		t.Fatal(err)
	}
	want := s.first().Calls()
	for _, action := range []string{
		"sts:GetCallerIdentity", "ec2:DescribeSnapshots", "ec2:DescribeImageAttribute", "ec2:DescribeSnapshotAttribute", "kms:DescribeKey",
		"ec2:ModifySnapshotAttribute", "ec2:ModifyImageAttribute",
	} {
		delete(want, action) // made as the source
	}
	want["ec2:DescribeImages"] -= s.Regions
	want["kms:ListGrants"] -= s.Regions
	if calls, _ := l.count(); !maps.Equal(want, calls) {
		t.Errorf("got %v, want %v", calls, want)
	}
}

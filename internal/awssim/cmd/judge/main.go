// SPDX-License-Identifier: MPL-2.0

// Command judge holds the policy evaluator of the local AWS against one that nobody here wrote, the npm package
// @cloud-copilot/iam-simulate: it makes requests with the policies that speak in them, lets both decide, and makes each
// case in which they disagree as small as it gets. Every disagreement has to be among those in triage.json, each with
// the page of AWS's that decides it.
//
// It is run by make judge, and by hand as: judge [-cases N] [-seed N] COMMAND [ARGUMENT...], where the command answers
// one simulation per line as tools/judge/judge.mjs does.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("judge", flag.ContinueOnError)
	cases := flags.Int("cases", 20000, "how many cases are made")
	seed := flags.Uint64("seed", 1, "the seed that they are made from")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return fmt.Errorf("a command is needed, such as: node judge.mjs")
	}
	rows, err := readTriage(triageFile)
	if err != nil {
		return err
	}
	other, err := startJudge(flags.Args())
	if err != nil {
		return err
	}
	defer other.stop()
	report, err := compare(*cases, *seed, other.decide, rows)
	if err != nil {
		return err
	}
	report.write(out)
	return report.err()
}

// SPDX-License-Identifier: MPL-2.0

// Command bench prints what the plugin takes, each figure against its bar.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/amishare/packer-plugin-ami-share/internal/e2e/bench"
)

func main() {
	var o bench.Options
	flag.StringVar(&o.Plugin, "plugin", "./packer-plugin-ami-share", "the plugin's `binary`")
	flag.StringVar(&o.CLI, "cli", "", "the AWS CLI, for the shell how-to beside it; none leaves that out")
	flag.BoolVar(&o.Big, "big", false, "with the largest sizes too")
	flag.BoolVar(&o.Small, "small", false, "nothing but small sizes, to try it")
	flag.StringVar(&o.Only, "only", "", "nothing but the lines that hold one of these `texts`, separated by semicolons")
	flag.StringVar(&o.Plot, "plot", "", "`file` to draw a plot of the times into, as SVG")
	var alone, url string
	flag.StringVar(&alone, "alone", "", "makes the calls of a `size` with the SDK alone, as Regions x accounts x roles; the benchmark starts itself so")
	flag.StringVar(&url, "url", "", "where that finds AWS")
	flag.Parse()
	log.SetOutput(io.Discard) // Packer's protocol is talkative
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, alone, url)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o bench.Options, alone, url string) error {
	if alone == "" {
		return bench.Run(ctx, os.Stdout, o)
	}
	size := bench.Of(0, 0, 0)
	if _, err := fmt.Sscanf(alone, "%dx%dx%d", &size.Regions, &size.Accounts, &size.Grantees); err != nil {
		return err
	}
	return bench.Alone(ctx, url, size)
}

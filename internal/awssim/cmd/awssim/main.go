// SPDX-License-Identifier: MPL-2.0

// Command awssim serves a local AWS with the world of a file until it is interrupted. It says what to paste into another shell
// to work with it. With -schema it prints what a world file can have instead, as a JSON Schema.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/schema"
)

func main() {
	world := flag.String("world", "", "`file` with the world, JSON")
	listen := flag.String("listen", "127.0.0.1:0", "loopback `address` to listen on; port 0 takes a free one")
	urlFile := flag.String("url-file", "", "`file` to write the URL to, once it is served")
	latency := flag.Duration("latency", 0, "how long every call takes at least")
	describe := flag.Bool("schema", false, "print the JSON Schema of world files, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := error(nil)
	if *describe {
		err = printSchema(os.Stdout)
	} else {
		err = run(ctx, *world, *listen, *urlFile, *latency)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "awssim:", err)
		os.Exit(1)
	}
}

func printSchema(out io.Writer) error {
	text, err := schema.JSON()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

func run(ctx context.Context, worldFile, listen, urlFile string, latency time.Duration) error {
	file, err := os.Open(worldFile)
	if err != nil {
		return err
	}
	defer file.Close()
	world, err := awssim.Load(file)
	if err != nil {
		return err
	}
	if latency > 0 {
		world.LatencyMillis = int(latency.Milliseconds())
	}
	server, err := awssim.New(world)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	fmt.Fprint(os.Stdout, greeting(url, world))
	if urlFile != "" {
		if err := os.WriteFile(urlFile, []byte(url), 0o600); err != nil {
			return err
		}
	}
	return serve(ctx, listener, server)
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

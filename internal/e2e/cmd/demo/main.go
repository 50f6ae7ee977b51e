// SPDX-License-Identifier: MPL-2.0

// Command demo runs the main job for real and shows what happens: packer build with the amazon builder and this plugin,
// against the local AWS with the example's world, and then the launches of two Auto Scaling groups in other accounts.
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
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/e2e"
)

func main() {
	var d demo
	flag.StringVar(&d.tools.Packer, "packer", "packer", "packer `binary`")
	flag.StringVar(&d.tools.Amazon, "amazon", "packer-plugin-amazon", "`binary` of the amazon plugin")
	flag.StringVar(&d.tools.Plugin, "plugin", "packer-plugin-ami-share", "`binary` of this plugin")
	flag.StringVar(&d.example, "example", "example", "`folder` with world.json and golden.pkr.hcl")
	flag.Parse()
	d.out = os.Stdout
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := d.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo is one run.
type demo struct {
	tools   e2e.Tools
	example string
	out     io.Writer
	url     string
	server  *awssim.Server
}

func (d *demo) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ami-share-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	close, err := d.serve()
	if err != nil {
		return err
	}
	defer close()
	d.say("The local AWS is at %s, with the accounts of %s.", d.url, filepath.Join(d.example, "world.json"))
	if err := d.build(ctx, dir); err != nil {
		return err
	}
	images, err := e2e.ManifestImages(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return err
	}
	problems := d.launches(ctx, images)
	d.journal()
	if err := errors.Join(problems...); err != nil {
		return err
	}
	d.say("Account 222222222222 launches the AMI that was just built in both Regions, through " + parameter + ". Account 333333333333 sees it, has no grant and no parameter, and fails as on AWS.")
	return nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, "\n"+format+"\n", args...) }

// serve starts the local AWS on a free port of the loopback interface.
func (d *demo) serve() (func(), error) {
	file, err := os.Open(filepath.Join(d.example, "world.json"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	world, err := awssim.Load(file)
	if err != nil {
		return nil, err
	}
	if d.server, err = awssim.New(world); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.url = "http://" + listener.Addr().String()
	server := &http.Server{Handler: d.server, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return func() { _ = server.Close() }, nil
}

// build runs packer build on the example's template as it stands.
func (d *demo) build(ctx context.Context, dir string) error {
	workshop, err := e2e.NewWorkshop(ctx, filepath.Join(dir, "workshop"), d.tools)
	if err != nil {
		return err
	}
	template, err := filepath.Abs(filepath.Join(d.example, "golden.pkr.hcl"))
	if err != nil {
		return err
	}
	d.say("$ packer build -var external_id=… %s", template)
	packer := exec.CommandContext(ctx, d.tools.Packer, "build", "-color=false", "-var", "external_id=golden-images", template)
	packer.Dir = dir
	packer.Env = slices.Concat(e2e.Plain(os.Environ()), workshop.Env(), e2e.EnvOf(d.url, "AKIAEXAMPLEPACKER", "an-example-secret-of-packer"))
	packer.Stdout, packer.Stderr = d.out, os.Stderr
	if err := packer.Run(); err != nil {
		return fmt.Errorf("packer build: %w", err)
	}
	return nil
}

// parameter is what the example's template stores the AMI's id in.
const parameter = "/golden/web/ami"

// launch is a group, what its launch template names as the AMI, and how its launch has to end.
type launch struct{ account, accessKey, image, ends string }

func (d *demo) launches(ctx context.Context, images map[string]string) []error {
	var problems []error
	d.say("Both groups are asked for an instance, without anybody naming the AMI's id; the second one then by the id too:")
	for _, region := range []string{"ap-southeast-2", "us-east-1"} {
		for _, l := range []launch{
			{"222222222222", "AKIAEXAMPLEOPS222", "resolve:ssm:" + parameter, "InService"},
			{"333333333333", "AKIAEXAMPLEOPS333", "resolve:ssm:" + parameter, "Unable to resolve"},
			{"333333333333", "AKIAEXAMPLEOPS333", images[region], "Client.InternalError: Client error on launch"},
		} {
			got, err := e2e.Launch(ctx, e2e.Config(d.url, l.accessKey, "an-example-secret-of-ops", region), "web", l.image)
			if err != nil { // what AWS refuses is an end too
				got = err.Error()
			}
			fmt.Fprintf(d.out, "  %-15s %s  %s  group web: %s\n", region, l.account, l.image, got)
			if !strings.Contains(got, l.ends) {
				problems = append(problems, fmt.Errorf("account %s in %s: the group ended with %q, not with %q", l.account, region, got, l.ends))
			}
		}
	}
	return problems
}

// journal prints the calls that mattered, each once: grants, permissions, and what EC2 did with the key at launch.
func (d *demo) journal() {
	d.say("The calls that mattered, and why they were decided so:")
	told := map[string]bool{}
	for _, entry := range d.server.Journal() {
		call := fmt.Sprintf("  %-5s %-14s %-28s by %s\n        on %s\n        %s\n", entry.Decision, entry.Region, entry.Action, entry.Caller, entry.Resource, entry.Reason)
		if matters(entry) && !told[call] {
			told[call] = true
			fmt.Fprint(d.out, call)
		}
	}
}

func matters(entry awssim.Entry) bool {
	calls := []string{"sts:AssumeRole", "kms:CreateGrant", "ssm:PutParameter", "ssm:GetParameters", "ec2:ModifyImageAttribute", "ec2:ModifySnapshotAttribute"}
	if strings.HasPrefix(entry.Action, "kms:") && entry.Service == "ec2" { // EC2 in somebody's name
		return entry.Action == "kms:Decrypt" && strings.Contains(entry.Caller, "AutoScaling")
	}
	return slices.Contains(calls, entry.Action)
}

// SPDX-License-Identifier: MPL-2.0

package report

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Schema is the value of "schema" in the JSON report. Fields may be added under the same version; a field that changes its
// meaning or goes makes a new one. docs/report.md describes it.
const Schema = "ami-share-report/2"

type jsonReport struct {
	Schema        string          `json:"schema"`
	PluginVersion string          `json:"plugin_version"`
	Build         jsonBuild       `json:"build"`
	Outcome       string          `json:"outcome"`
	DryRun        bool            `json:"dry_run"`
	Started       string          `json:"started"`
	Seconds       float64         `json:"seconds"`
	Counts        map[status]int  `json:"counts"`
	Verified      int             `json:"verified"`
	Images        []jsonImage     `json:"images"`
	Recipients    []jsonRecipient `json:"recipients"`
	Failures      []jsonProblem   `json:"failures"`
	Warnings      []jsonProblem   `json:"warnings"`
	Left          []jsonLeft      `json:"left"`
	LeftAlone     []string        `json:"left_alone"`
	Notes         []string        `json:"notes"`
	Calls         map[string]int  `json:"calls"`
	Retries       int             `json:"retries"`
}

type jsonBuild struct {
	Name     string `json:"name"`
	RunUUID  string `json:"run_uuid"`
	Identity string `json:"identity"`
}

type jsonImage struct {
	Region    sharing.Region    `json:"region"`
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Owner     sharing.AccountID `json:"owner"`
	Snapshots []jsonSnapshot    `json:"snapshots"`
}

type jsonSnapshot struct {
	ID        string `json:"id"`
	Encrypted bool   `json:"encrypted"`
	Key       string `json:"key"`
}

type jsonProblem struct {
	Account   sharing.AccountID `json:"account"`
	Region    sharing.Region    `json:"region"`
	Doing     string            `json:"doing"`
	Code      string            `json:"code"`
	RequestID string            `json:"request_id"`
	Cause     string            `json:"cause"`
	Remedy    string            `json:"remedy"`
	Also      []jsonPlace       `json:"also,omitempty"`
}

type jsonPlace struct {
	Account   sharing.AccountID `json:"account"`
	Region    sharing.Region    `json:"region"`
	RequestID string            `json:"request_id"`
}

// JSON returns the report for machines, indented, with a newline at its end. Lists are never null. Recipients of whom the same is to be told
// share an entry, and so do problems that differ only in their place.
func JSON(r Run) ([]byte, error) {
	items := r.items()
	report := jsonReport{
		Schema: Schema, PluginVersion: r.PluginVersion, Outcome: r.outcome(items), DryRun: r.DryRun,
		Build:   jsonBuild{r.Build.Name, r.Build.RunUUID, r.Build.Identity},
		Started: r.Started.UTC().Format(time.RFC3339), Seconds: float64(r.Elapsed.Milliseconds()) / 1000,
		Counts: map[status]int{}, Verified: verified(items),
		Images: mapped(r.images(), jsonImageOf), Recipients: r.jsonRecipients(items),
		Failures: mapped(gathered(r.failures()), jsonProblemOf), Warnings: mapped(gathered(r.warnings()), jsonProblemOf),
		Left:      r.jsonLeft(),
		LeftAlone: append([]string{}, r.Plan.Foreign...), Notes: append([]string{}, r.Plan.Notes...),
		Calls: r.Stats.Calls, Retries: r.Stats.Retries,
	}
	for _, i := range items {
		report.Counts[i.Status]++
	}
	if report.Calls == nil {
		report.Calls = map[string]int{}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(report)
	return out.Bytes(), err
}

func jsonImageOf(image sharing.Image) jsonImage {
	return jsonImage{
		Region: image.Ref.Region, ID: image.Ref.ID, Name: image.Name, Owner: image.Owner,
		Snapshots: mapped(image.Snapshots, func(s sharing.Snapshot) jsonSnapshot { return jsonSnapshot{s.ID, s.Encrypted, s.KeyARN} }),
	}
}

func jsonProblemOf(k kindred) jsonProblem {
	return jsonProblem{
		Account: k.Scope.Account, Region: k.Scope.Region, Doing: k.Doing, Code: k.Code, RequestID: k.RequestID, Cause: k.Cause, Remedy: k.Remedy,
		Also: mapped(k.others, func(p sharing.Problem) jsonPlace { return jsonPlace{p.Scope.Account, p.Scope.Region, p.RequestID} }),
	}
}

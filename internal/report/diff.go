package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Plan returns what a run is going to do as a diff: "+" is added, "=" is there already and stays, "-" is removed, "!" is
// blocked. It goes by Region and image; accounts of which the same is to be told stand together, all of them by name.
func Plan(p plan.Plan) string {
	items := Run{Plan: p, DryRun: true}.items()
	lines := []string{counts(p, items)}
	for _, image := range p.Images {
		lines = append(lines, "", headline(image))
		lines = append(lines, diffLines(items, func(i item) bool { return ofImage(i, image) })...)
	}
	lines = append(lines, section("Keys", diffLines(items, func(i item) bool { return i.Kind == grant }))...)
	lines = append(lines, section("Accounts", diffLines(items, func(i item) bool { return i.Kind == serviceLinkedRole || i.Kind == groupRole }))...)
	blocked := mapped(Problems(p.Blocked), func(text string) string { return "! " + indent(text) })
	lines = append(lines, section("Blocked", blocked)...)
	lines = append(lines, section("Left alone", prefixed("  ", p.Foreign))...)
	return strings.Join(append(lines, section("Notes", prefixed("  ", p.Notes))...), "\n")
}

func counts(p plan.Plan, items []item) string {
	add, keep, remove := 0, 0, 0
	for _, i := range items {
		switch {
		case i.Status == present:
			keep++
		case i.Removal:
			remove++
		default:
			add++
		}
	}
	return fmt.Sprintf("Plan: %d to add, %d to keep, %d to remove, %d blocked.", add, keep, remove, len(p.Blocked))
}

func headline(image sharing.Image) string {
	if image.Name == "" {
		return fmt.Sprintf("%s %s", image.Ref.Region, image.Ref.ID)
	}
	return fmt.Sprintf("%s %s (%s)", image.Ref.Region, image.Ref.ID, image.Name)
}

func ofImage(i item, image sharing.Image) bool {
	if i.Region != image.Ref.Region || i.Kind == grant {
		return false
	}
	return i.Resource == image.Ref.ID ||
		slices.ContainsFunc(image.Snapshots, func(s sharing.Snapshot) bool { return s.ID == i.Resource })
}

func section(title string, lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	return append([]string{"", title}, lines...)
}

func prefixed(prefix string, lines []string) []string {
	var result []string
	for _, line := range lines {
		result = append(result, prefix+line)
	}
	return result
}

// diffLines writes the items that are chosen, those of the same words together with all their recipients.
func diffLines(items []item, chosen func(item) bool) []string {
	var order []string
	recipients := map[string][]string{}
	for _, i := range items {
		if !chosen(i) {
			continue
		}
		words := sign(i) + " " + what(i)
		if _, seen := recipients[words]; !seen {
			order = append(order, words)
		}
		recipients[words] = append(recipients[words], shortRecipient(i.Recipient))
	}
	var lines []string
	for _, words := range order {
		lines = append(lines, words+wrapped(recipients[words]))
	}
	return lines
}

func sign(i item) string {
	switch {
	case i.Status == present:
		return "="
	case i.Removal:
		return "-"
	default:
		return "+"
	}
}

// what says what an item is, without its account: that stands in the list.
func what(i item) string {
	switch i.Kind {
	case grant:
		text := fmt.Sprintf("grant on %s to %s", i.Resource, roleName(i.Grantee))
		if i.Removal && i.Reason != "" {
			text += " (" + i.Reason + ")"
		}
		return text
	case serviceLinkedRole:
		return "service-linked role " + roleName(i.Resource)
	case groupRole:
		return fmt.Sprintf("role of the Auto Scaling group %s in %s", i.Resource, i.Region)
	case tags:
		return "tags of " + i.Resource
	case snapshotPermission:
		return "snapshot permission " + i.Resource
	default:
		return "launch permission"
	}
}

// roleName leaves out what a role's ARN shares with that of other accounts.
func roleName(arn string) string {
	if parsed, err := sharing.ParseARN(arn); err == nil {
		return strings.TrimPrefix(parsed.Resource, "role/")
	}
	return arn
}

// perLine is how many recipients stand on a line.
const perLine = 8

func wrapped(recipients []string) string {
	if len(recipients) <= perLine {
		return ": " + strings.Join(recipients, " ")
	}
	var b strings.Builder
	fmt.Fprintf(&b, ": %d recipients", len(recipients))
	for line := range slices.Chunk(recipients, perLine) {
		b.WriteString("\n    " + strings.Join(line, " "))
	}
	return b.String()
}

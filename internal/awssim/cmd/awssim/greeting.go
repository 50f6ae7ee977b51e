// SPDX-License-Identifier: MPL-2.0

package main

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// greeting says where the local AWS is, on the first line, and then what a shell needs to work with it. Those lines can be
// pasted as they are: the first user of the world counts, and the others are in comments.
func greeting(url string, world awssim.World) string {
	lines := []string{
		url,
		"",
		"# what is in it, and what was called: " + url + "/_awssim/",
		"# to work with it, paste this into another shell:",
		"export AWS_ENDPOINT_URL=" + url,
		"export AWS_EC2_METADATA_DISABLED=true",
		"unset AWS_PROFILE AWS_SESSION_TOKEN",
	}
	comment := ""
	for _, account := range world.Accounts {
		for _, user := range account.Users {
			lines = append(lines,
				"# "+oneLine(user.Name+" of account "+account.ID+" "+account.Name),
				comment+"export AWS_ACCESS_KEY_ID="+quoted(user.AccessKeyID)+" AWS_SECRET_ACCESS_KEY="+quoted(user.SecretAccessKey))
			comment = "# "
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// oneLine keeps a name from ending a comment.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/+=.,:@"

// quoted is a word of a POSIX shell.
func quoted(text string) string {
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

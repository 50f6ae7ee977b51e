// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
)

// BenchmarkReport renders a run of 15 Regions and 500 accounts in each form.
func BenchmarkReport(b *testing.B) {
	r := crowd(500, 15).run(b).Listed()
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			report.Text(r)
		}
	})
	b.Run("Markdown", func(b *testing.B) {
		for b.Loop() {
			report.Markdown(r)
		}
	})
	b.Run("JSON", func(b *testing.B) {
		for b.Loop() {
			jsonText(b, r)
		}
	})
	b.Run("rows", func(b *testing.B) {
		for b.Loop() {
			report.MachineRows(r)
		}
	})
}

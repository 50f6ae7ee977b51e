// SPDX-License-Identifier: MPL-2.0

package mask_test

import (
	"fmt"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/mask"
)

// BenchmarkString masks a row of the machine-readable output, of which a large run has tens of thousands, with an external ID for each of 500
// accounts.
func BenchmarkString(b *testing.B) {
	var values []string
	for n := range 500 {
		values = append(values, fmt.Sprintf("external-id-%04d-of-the-account", n))
	}
	b.Run("adding", func(b *testing.B) {
		for b.Loop() {
			var m mask.Mask
			m.Add(values...)
		}
	})
	var m mask.Mask
	m.Add(append(values, "short")...)
	row := "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	b.Run("masking", func(b *testing.B) {
		for b.Loop() {
			m.String(row)
		}
	})
}

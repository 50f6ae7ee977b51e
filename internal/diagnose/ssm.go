// SPDX-License-Identifier: MPL-2.0

package diagnose

// ssmRules are for Parameter Store.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func ssmRules() []rule {
	return []rule{
		{codes: []string{"ParameterAlreadyExists"}, action: "ssm:", explain: func(f refusal) (string, string) {
			return "somebody else has just made the parameter: " + f.message, "Run again: then it is overwritten."
		}},
		{codes: []string{"TooManyUpdates"}, action: "ssm:", explain: func(f refusal) (string, string) {
			return "another write of the parameter is not over: " + f.message, "Run again in five minutes, and let one pipeline write the parameter."
		}},
		{codes: []string{"ParameterMaxVersionLimitExceeded"}, action: "ssm:", explain: func(f refusal) (string, string) {
			return "the oldest of the parameter's 100 versions has a label, and can't make room: " + f.message,
				"Move its label to a newer version (aws ssm label-parameter-version), or take it away (aws ssm unlabel-parameter-version)."
		}},
		{codes: []string{"ParameterLimitExceeded"}, action: "ssm:", explain: func(f refusal) (string, string) {
			return "the account has as many parameters in this Region as it may: " + f.message, "Delete parameters that nothing uses."
		}},
		{codes: []string{"ParameterVersionLabelLimitExceeded"}, action: "ssm:", explain: func(f refusal) (string, string) {
			return "the version has as many labels as it may: " + f.message, "Give at most ten labels."
		}},
		{codes: []string{"HierarchyTypeMismatchException", "HierarchyTypeMismatch"}, action: "ssm:", explain: func(f refusal) (string, string) {
			return "the parameter is no String, and AWS does not change the type of one: " + f.message, "Name another parameter in ssm_parameter, or delete this one first."
		}},
		{codes: []string{"HierarchyLevelLimitExceededException", "HierarchyLevelLimitExceeded", "ValidationException", "ParameterPatternMismatchException"}, action: "ssm:", explain: func(f refusal) (string, string) {
			return "AWS does not take the parameter: " + f.message, "Correct ssm_parameter."
		}},
	}
}

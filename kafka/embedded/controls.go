package embedded

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// listAllUsers makes a request for the credentials of no user in particular one for those
// of all: so brokers understand an empty list (KIP-554), and kfake only null.
func (b *Broker) listAllUsers() {
	b.cluster.ControlKey(kmsg.DescribeUserSCRAMCredentials.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		if r, ok := r.(*kmsg.DescribeUserSCRAMCredentialsRequest); ok && len(r.Users) == 0 {
			r.Users = nil
		}
		return nil, nil, false
	})
}

// refuseReplicas refuses other replicas for partitions: kfake takes them and does nothing.
func (b *Broker) refuseReplicas() {
	b.cluster.ControlKey(kmsg.AlterPartitionAssignments.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		answer := r.ResponseKind().(*kmsg.AlterPartitionAssignmentsResponse)
		answer.ErrorCode = kerr.InvalidReplicaAssignment.Code
		answer.ErrorMessage = kmsg.StringPtr("an embedded broker copies no records to others")
		return answer, nil, true
	})
}

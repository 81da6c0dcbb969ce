// Package uapi is the headers of this folder in Go: what a program needs to know of the modules in kmod. The headers
// say what each message is made of; a test keeps the constants equal to theirs.
package uapi

// The module nl_greeting. See nl_greeting.h.
const (
	NL_GREETING_PROTOCOL = 28
	NL_GREETING_GROUP    = 1
	NL_GREETING_MSG      = 0x10
	NL_GREETING_TEXT     = "Greeting from kernel!"
)

// The module nl_hello. See nl_hello.h.
const (
	NL_HELLO_PROTOCOL  = 25
	NL_HELLO_MSG       = 0x10
	NL_HELLO_TEXT      = "I am from kernel!"
	NL_HELLO_TEXT_MAX  = 256
	NL_HELLO_JOBS_MAX  = 64
	NL_HELLO_COUNT     = 10
	NL_HELLO_PERIOD_MS = 3000
)

// The module dummy_netlink. See dummy_netlink.h.
const (
	DUMMY_NETLINK_PROTOCOL = 31
	DUMMY_NETLINK_TEXT     = 0x10
	DUMMY_NETLINK_SEND     = 0x11
	DUMMY_NETLINK_TEXT_MAX = 256
	DUMMY_NETLINK_FORMAT   = "message %u from kernel to group %u"
)

// The generic netlink family nl_genl_demo. See nl_genl_demo.h.
const (
	NL_GENL_DEMO_NAME        = "nl_genl_demo"
	NL_GENL_DEMO_VERSION     = 1
	NL_GENL_DEMO_GROUP       = "events"
	NL_GENL_DEMO_TEXT_MAX    = 128
	NL_GENL_DEMO_NUMBER_MIN  = 1
	NL_GENL_DEMO_NUMBER_MAX  = 1000
	NL_GENL_DEMO_COUNT       = 1000
	NL_GENL_DEMO_COUNT_MAX   = 1000000
	NL_GENL_DEMO_ERRNO_MAX   = 133
	NL_GENL_DEMO_NAME_FORMAT = "entry %u"
	NL_GENL_DEMO_COOKIE      = 0x676f6c69626e6c00
	NL_GENL_DEMO_CMD_ECHO    = 1
	NL_GENL_DEMO_CMD_GET     = 2
	NL_GENL_DEMO_CMD_NOTIFY  = 3
	NL_GENL_DEMO_CMD_FAIL    = 4
	NL_GENL_DEMO_A_TEXT      = 1
	NL_GENL_DEMO_A_NUMBER    = 2
	NL_GENL_DEMO_A_NEST      = 3
	NL_GENL_DEMO_A_ID        = 4
	NL_GENL_DEMO_A_NAME      = 5
	NL_GENL_DEMO_A_COUNT     = 6
	NL_GENL_DEMO_A_ERRNO     = 7
	NL_GENL_DEMO_A_INTERRUPT = 8
	NL_GENL_DEMO_A_MAX       = 8
)

package nl

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// asker is a bare netlink socket: what the kernel answers gets to the parsers as it is.
type asker struct {
	t      *testing.T
	fd     int
	family int
	seq    uint32
}

// newAsker opens a socket with extended acknowledgements and these options besides.
func newAsker(t *testing.T, family int, options ...int) *asker {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		t.Skipf("this machine has no netlink family %d", family)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Close(fd)) })
	require.NoError(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	for _, o := range append(options, unix.NETLINK_EXT_ACK) {
		require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_NETLINK, o, 1))
	}
	return &asker{t: t, fd: fd, family: family}
}

// request makes a request with a family header and attributes.
func (a *asker) request(typ, flags uint16, header []byte, attrs func(e *Encoder)) []byte {
	a.t.Helper()
	a.seq++
	e := NewEncoder(rawMessage(typ, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK, a.seq, header))
	if attrs != nil {
		attrs(e)
	}
	req, err := e.Result()
	require.NoError(a.t, err)
	binary.NativeEndian.PutUint32(req, uint32(len(req)))
	return req
}

// ask sends a request and returns what its last message says, and the type and flags of that.
func (a *asker) ask(req []byte) (info ackInfo, e *Error, typ, flags uint16) {
	a.t.Helper()
	require.NoError(a.t, unix.Sendto(a.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	buf := make([]byte, 1<<17)
	for {
		n, _, err := unix.Recvfrom(a.fd, buf, 0)
		require.NoError(a.t, err)
		for b := buf[:n]; len(b) >= unix.NLMSG_HDRLEN; {
			length := int(binary.NativeEndian.Uint32(b))
			typ, flags = binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint16(b[6:])
			switch payload := b[unix.NLMSG_HDRLEN:length]; typ {
			case unix.NLMSG_ERROR:
				info, e = parseAck(a.family, "execute", req, flags, payload)
				return info, e, typ, flags
			case unix.NLMSG_DONE:
				info, e = parseDone(a.family, "dump", req, flags, payload)
				return info, e, typ, flags
			}
			b = b[min(align(length), len(b)):]
		}
	}
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// ifinfo is the header of a link's messages.
func ifinfo(index uint32) []byte {
	return append(append(make([]byte, 4), u32(index)...), make([]byte, 8)...)
}

// ifaddr is the header of an address's messages.
func ifaddr(prefix byte, index uint32) []byte {
	return append([]byte{unix.AF_INET, prefix, 0, 0}, u32(index)...)
}

// A case is a request that fails, and what the kernel says to it.
type liveCase struct {
	req    []byte
	errno  syscall.Errno
	offset int // 0 for none
	path   Path
	policy *Policy
}

// check asks, and compares the answer.
func (a *asker) check(c liveCase) *Error {
	a.t.Helper()
	info, e, typ, flags := a.ask(c.req)
	require.NotNil(a.t, e)
	a.t.Logf("flags %#x: %v", flags, e)
	require.Zero(a.t, info)
	require.EqualValues(a.t, unix.NLMSG_ERROR, typ)
	require.ErrorIs(a.t, e, c.errno)
	require.Equal(a.t, c.offset, e.Offset)
	require.Equal(a.t, c.path, e.Path)
	require.Equal(a.t, c.policy, e.Policy)
	require.Equal(a.t, binary.NativeEndian.Uint16(c.req[4:]), e.Type)
	require.Equal(a.t, binary.NativeEndian.Uint16(c.req[6:]), e.Flags)
	require.Equal(a.t, a.seq, e.Seq)
	require.NotContains(a.t, e.Error(), "\n")
	return e
}

func TestLiveAttributePath(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		for name, options := range map[string][]int{
			"plain": nil, "CAP_ACK": {unix.NETLINK_CAP_ACK}, "strict": {unix.NETLINK_GET_STRICT_CHK},
		} {
			route := newAsker(t, unix.NETLINK_ROUTE, options...)
			t.Run(name, func(t *testing.T) {
				route.t = t
				anyU32 := &Policy{Type: unix.NL_ATTR_TYPE_U32, MaxU: math.MaxUint32}
				e := route.check(liveCase{
					req: route.request(unix.RTM_NEWADDR, unix.NLM_F_CREATE, ifaddr(8, 1), func(e *Encoder) {
						e.String(unix.IFA_LABEL, "lo")
						e.Uint16(unix.IFA_LOCAL, 1)
					}),
					errno: unix.ERANGE, offset: 32, path: Path{unix.IFA_LOCAL}, policy: anyU32,
				})
				require.EqualError(t, e, "nl: execute RTM_NEWADDR: numerical result out of range, ERANGE: "+e.Message+
					"; attribute 2 at byte 32; the kernel wants u32")

				bridge := route.request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, ifinfo(0), func(e *Encoder) {
					e.String(unix.IFLA_IFNAME, "br0")
					e.Nest(unix.IFLA_LINKINFO, func() {
						e.String(unix.IFLA_INFO_KIND, "bridge")
						e.Nest(unix.IFLA_INFO_DATA, func() {
							e.Uint32(unix.IFLA_BR_FORWARD_DELAY, 200)
							e.Uint8(unix.IFLA_BR_STP_STATE, 7)
						})
					})
				})
				e = route.check(liveCase{req: bridge, errno: unix.ERANGE, offset: 68,
					path: Path{unix.IFLA_LINKINFO, unix.IFLA_INFO_DATA, unix.IFLA_BR_STP_STATE}, policy: anyU32})
				require.ErrorContains(t, e, "; attribute 18/2/5 at byte 68;")
			})
		}
	})
}

func TestLiveKinds(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		a := newAsker(t, unix.NETLINK_ROUTE)
		loopback := func(e *Encoder) { e.Addr(unix.IFA_LOCAL, netip.MustParseAddr("127.9.9.9")) }

		e := a.check(liveCase{req: a.request(unix.RTM_NEWADDR, unix.NLM_F_CREATE, ifaddr(8, 99), loopback), errno: unix.ENODEV})
		require.ErrorIs(t, e, fs.ErrNotExist)
		require.ErrorContains(t, e, "namespace")

		e = a.check(liveCase{req: a.request(unix.RTM_DELADDR, 0, ifaddr(8, 1), loopback), errno: unix.EADDRNOTAVAIL})
		require.ErrorIs(t, e, fs.ErrNotExist)

		add := func() []byte {
			return a.request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, ifaddr(8, 1), loopback)
		}
		info, e, _, flags := a.ask(add())
		require.Nil(t, e)
		require.Zero(t, info)
		require.EqualValues(t, unix.NLM_F_CAPPED, flags)
		e = a.check(liveCase{req: add(), errno: unix.EEXIST})
		require.ErrorIs(t, e, fs.ErrExist)

		e = a.check(liveCase{req: a.request(unix.RTM_DELROUTE, 0, []byte{unix.AF_INET, 32, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0},
			func(e *Encoder) { e.Uint32(unix.RTA_DST, 1) }), errno: unix.ESRCH})
		require.ErrorIs(t, e, fs.ErrNotExist)

		e = a.check(liveCase{req: a.request(unix.RTM_NEWLINK, unix.NLM_F_CREATE, ifinfo(0), func(e *Encoder) {
			e.Nest(unix.IFLA_LINKINFO, func() { e.String(unix.IFLA_INFO_KIND, "nosuchkind") })
		}), errno: unix.EOPNOTSUPP})
		require.ErrorIs(t, e, errors.ErrUnsupported)
		require.ErrorContains(t, e, "operation not supported, EOPNOTSUPP: Unknown device type")

		// The thread ends with the namespace, and its capabilities with it.
		require.NoError(t, unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &make([]unix.CapUserData, 2)[0]))
		a = newAsker(t, unix.NETLINK_ROUTE)
		e = a.check(liveCase{req: add(), errno: unix.EPERM})
		require.ErrorIs(t, e, fs.ErrPermission)
		require.ErrorContains(t, e, "CAP_NET_ADMIN")
	})
}

func TestLiveDone(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		a := newAsker(t, unix.NETLINK_ROUTE, unix.NETLINK_GET_STRICT_CHK)
		dump := a.request(unix.RTM_GETROUTE, unix.NLM_F_DUMP, []byte{unix.AF_INET, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, nil)
		_, e, typ, _ := a.ask(dump)
		require.NotNil(t, e)
		require.EqualValues(t, unix.NLMSG_DONE, typ)
		require.ErrorIs(t, e, unix.EINVAL)
		require.NotEmpty(t, e.Message)
		require.EqualError(t, e, "nl: dump RTM_GETROUTE: invalid argument, EINVAL: "+e.Message)

		dump = a.request(unix.RTM_GETLINK, unix.NLM_F_DUMP, ifinfo(0), nil)
		info, e, typ, _ := a.ask(dump)
		require.Nil(t, e)
		require.Zero(t, info)
		require.EqualValues(t, unix.NLMSG_DONE, typ)

		t.Run("with an offset", func(t *testing.T) {
			a.t = t
			const rootFlags = 2 // TCA_ROOT_FLAGS
			dump := a.request(unix.RTM_GETACTION, unix.NLM_F_DUMP, make([]byte, 4), func(e *Encoder) { e.Bitfield32(rootFlags, 0x80, 0x80) })
			_, e, _, _ := a.ask(dump)
			require.NotNil(t, e)
			if e.Errno == unix.EOPNOTSUPP {
				t.Skip("this machine has no traffic control actions")
			}
			require.ErrorIs(t, e, unix.EINVAL)
			if e.Offset == 0 {
				t.Skip("this machine has no kernel that puts an offset into NLMSG_DONE (Linux 6.10)")
			}
			require.Equal(t, 20, e.Offset)
			require.Equal(t, Path{rootFlags}, e.Path)
			require.EqualValues(t, unix.NL_ATTR_TYPE_BITFIELD32, e.Policy.Type)
			require.NotZero(t, e.Policy.Bitfield32Mask)
		})
	})
}

// generic returns the number of a family; the test skips where the kernel lacks it.
func (a *asker) generic(name string) uint16 {
	t := a.t
	t.Helper()
	req := a.request(unix.GENL_ID_CTRL, 0, []byte{unix.CTRL_CMD_GETFAMILY, 2, 0, 0}, func(e *Encoder) {
		e.String(unix.CTRL_ATTR_FAMILY_NAME, name)
	})
	require.NoError(t, unix.Sendto(a.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	buf := make([]byte, 1<<16)
	n, _, err := unix.Recvfrom(a.fd, buf, 0)
	require.NoError(t, err)
	if binary.NativeEndian.Uint16(buf[4:]) == unix.NLMSG_ERROR {
		t.Skipf("this machine has no generic netlink family %s", name)
	}
	var id uint16
	length := binary.NativeEndian.Uint32(buf)
	for attr, err := range Attributes(buf[unix.NLMSG_HDRLEN+unix.GENL_HDRLEN : length]) {
		require.NoError(t, err)
		if attr.Type == unix.CTRL_ATTR_FAMILY_ID {
			id, err = attr.Uint16()
			require.NoError(t, err)
		}
	}
	if n == int(length) { // the acknowledgement comes by itself
		_, _, err = unix.Recvfrom(a.fd, buf, 0)
		require.NoError(t, err)
	}
	return id
}

func TestLiveGenericPolicy(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		for name, options := range map[string][]int{"plain": nil, "CAP_ACK": {unix.NETLINK_CAP_ACK}} {
			a := newAsker(t, unix.NETLINK_GENERIC, options...)
			ctrl := func(attrs func(e *Encoder)) []byte {
				return a.request(unix.GENL_ID_CTRL, 0, []byte{unix.CTRL_CMD_GETFAMILY, 2, 0, 0}, attrs)
			}
			t.Run(name, func(t *testing.T) {
				a.t = t
				e := a.check(liveCase{req: ctrl(func(e *Encoder) { e.Uint8(unix.CTRL_ATTR_FAMILY_ID, 1) }),
					errno: unix.ERANGE, offset: 20, path: Path{unix.CTRL_ATTR_FAMILY_ID},
					policy: &Policy{Type: unix.NL_ATTR_TYPE_U16, MaxU: math.MaxUint16}})
				require.ErrorContains(t, e, "nl: execute nlctrl: ")

				e = a.check(liveCase{req: ctrl(func(e *Encoder) { e.String(unix.CTRL_ATTR_FAMILY_NAME, strings.Repeat("x", 20)) }),
					errno: unix.EINVAL, offset: 20, path: Path{unix.CTRL_ATTR_FAMILY_NAME},
					policy: &Policy{Type: unix.NL_ATTR_TYPE_NUL_STRING, MaxLen: 15}})
				require.ErrorContains(t, e, "; the kernel wants a string with a NUL of length 15 or less")

				e = a.check(liveCase{req: ctrl(func(e *Encoder) { e.String(unix.CTRL_ATTR_FAMILY_NAME, "nosuch") }), errno: unix.ENOENT})
				require.ErrorIs(t, e, fs.ErrNotExist)
				require.ErrorContains(t, e, "no such family; load the module")
			})
			t.Run(name+" range", func(t *testing.T) {
				a.t = t
				const ifindex = 1 // NETDEV_A_DEV_IFINDEX
				e := a.check(liveCase{req: a.request(a.generic("netdev"), 0, []byte{1, 1, 0, 0}, func(e *Encoder) { e.Uint32(ifindex, 0) }),
					errno: unix.ERANGE, offset: 20, path: Path{ifindex},
					policy: &Policy{Type: unix.NL_ATTR_TYPE_U32, MinU: 1, MaxU: math.MaxUint32}})
				require.ErrorContains(t, e, "the kernel wants u32 of 1 or more")
			})
			t.Run(name+" missing and nested", func(t *testing.T) {
				a.t = t
				const linkinfoGet, header, headerIndex, headerFlags = 2, 1, 1, 3 // ETHTOOL_MSG_, ETHTOOL_A_
				family := a.generic("ethtool")
				e := a.check(liveCase{req: a.request(family, 0, []byte{linkinfoGet, 1, 0, 0}, nil), errno: unix.EINVAL})
				require.EqualValues(t, header, e.MissingType)
				require.Zero(t, e.MissingIn, "it is missing at the top level")
				require.ErrorContains(t, e, "; attribute 1 is missing")

				e = a.check(liveCase{req: a.request(family, 0, []byte{linkinfoGet, 1, 0, 0}, func(e *Encoder) {
					e.Nest(header, func() {
						e.Uint32(headerIndex, 1)
						e.Uint32(headerFlags, 1<<30)
					})
				}), errno: unix.EINVAL, offset: 32, path: Path{header, headerFlags}})
				require.ErrorContains(t, e, "; attribute 1/3 at byte 32")
			})
		}
	})
}

func TestLiveOtherHeaders(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		xfrm, netfilter := newAsker(t, unix.NETLINK_XFRM), newAsker(t, unix.NETLINK_NETFILTER)

		const newSA, authAttr, markAttr = 0x10, 1, 21 // XFRM_MSG_NEWSA, XFRMA_ALG_AUTH, XFRMA_MARK
		e := xfrm.check(liveCase{req: xfrm.request(newSA, unix.NLM_F_CREATE, make([]byte, 224), func(e *Encoder) {
			e.Bytes(authAttr, make([]byte, 80))
			e.Uint32(markAttr, 1)
		}), errno: unix.ERANGE, offset: 16 + 224 + 84, path: Path{markAttr}})
		require.ErrorContains(t, e, "XFRM_MSG_NEWSA")

		const getTable = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETTABLE
		e = netfilter.check(liveCase{req: netfilter.request(getTable, 0, []byte{unix.AF_INET6, 0, 0, 0}, func(e *Encoder) {
			e.String(unix.NFTA_TABLE_NAME, "nosuch")
		}), errno: unix.ENOENT, offset: 20, path: Path{unix.NFTA_TABLE_NAME}})
		require.ErrorIs(t, e, fs.ErrNotExist)
	})
}

func TestLiveWarning(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		a := newAsker(t, unix.NETLINK_ROUTE)
		const handle, root, init, params = 0x10000, 0xffffffff, 2, 1 // TCA_HTB_INIT, TCA_HTB_PARMS
		header := func(handle, parent uint32) []byte {               // struct tcmsg
			return slices.Concat(make([]byte, 4), u32(1), u32(handle), u32(parent), u32(0))
		}
		_, e, _, _ := a.ask(a.request(unix.RTM_NEWQDISC, unix.NLM_F_CREATE, header(handle, root), func(e *Encoder) {
			e.String(unix.TCA_KIND, "htb")
			e.Nest(unix.TCA_OPTIONS, func() { e.Bytes(init, append(u32(3), make([]byte, 16)...)) })
		}))
		if e != nil && e.Errno == unix.ENOENT {
			t.Skip("this machine has no scheduler htb, which is known to warn")
		}
		require.Nil(t, e)

		spec := append([]byte{0, 1, 0, 0, 0, 0, 0, 0}, u32(10)...) // struct tc_ratespec: 10 bytes a second, link layer Ethernet
		info, e, _, flags := a.ask(a.request(unix.RTM_NEWTCLASS, unix.NLM_F_CREATE, header(handle|1, handle), func(e *Encoder) {
			e.String(unix.TCA_KIND, "htb")
			e.Nest(unix.TCA_OPTIONS, func() { e.Bytes(params, slices.Concat(spec, spec, make([]byte, 20))) })
		}))
		require.Nil(t, e)
		require.EqualValues(t, unix.NLM_F_CAPPED|unix.NLM_F_ACK_TLVS, flags)
		require.Contains(t, info.warning, "quantum of class 10001 is small")
	})
}

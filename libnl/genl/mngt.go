package genl

// #include "cgo_helpers.h"
import "C"

import (
	"math"
	"strings"
	"sync"
	"unsafe"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Ops describes a family to libnl, so that [HandleMsg] finds the parser of a message (struct genl_ops). It is read when it
// is registered; what changes later is not seen, until it is registered again.
//
// Goroutines: plain; the functions that take one order their access to it.
type Ops struct {
	Id      int    // the family's ID, filled in by OpsResolve and MngtResolve
	Name    string // the family's name
	Hdrsize int    // length of the family's own header
	Cmds    []Cmd

	c *C.struct_genl_ops // while it is registered
}

// Cmd describes a command (struct genl_cmd).
//
// Goroutines: plain.
type Cmd struct {
	Id        uint8
	Name      string
	Maxattr   int               // the highest attribute type to parse
	Policy    []libnl.NlaPolicy // for the attributes, nil for none
	MsgParser MsgParser         // nil for NLE_OPNOTSUPP
}

// MsgParser is called by [HandleMsg] for a message with the command. Its results are those of HandleMsg.
type MsgParser func(cmd *Cmd, info *Info) (libnl.CbAction, error)

// Info is a parsed message (struct genl_info), a snapshot.
//
// Goroutines: plain.
type Info struct {
	Who     libnl.SockaddrNl // the sender
	Nlh     *libnl.Nlmsghdr
	Genlhdr *Genlmsghdr
	Userhdr []byte          // the family's own header, and what follows it
	Attrs   []*libnl.Nlattr // Maxattr+1 entries, by type
}

// table is Go's side of libnl's list of families, which nothing in libnl guards. It is locked for writing while the
// list or an ID in it changes, and for reading while it is walked; who cannot have it at once gives up, since the lock may
// be held by the very call whose callback is running.
var table struct {
	sync.RWMutex
	families []*Ops
	without  bool     // the operations "genl/family" were unregistered
	cmds     sync.Map // *C.struct_genl_cmd -> *Cmd
}

// RegisterFamily makes the family known to libnl in this process.
//
// Ownership: ops is borrowed until UnregisterFamily; what C needs of it is copied. Goroutines: any. Errors: NLE_EXIST if a
// family of the same ID or name is registered; NLE_INVAL for no name; NLE_RANGE for numbers that do not fit, and a policy
// of a type that does not exist; ErrBusy while a message is being handled or IDs are being resolved.
//
// Implements:
//
//	int genl_register_family(struct genl_ops *);
func RegisterFamily(ops *Ops) error {
	if !table.TryLock() {
		return libnl.ErrBusy
	}
	defer table.Unlock()
	if ops != nil && ops.c != nil {
		return refusal("genl_register_family", libnl.NLE_EXIST, "the family is registered")
	}
	c, err := ops.build("genl_register_family")
	if err != nil {
		return err
	}
	if ret := C.genl_register_family(c); ret < 0 {
		freeOps(c)
		return core.Libnl.Failure("genl_register_family", int(ret), nil)
	}
	ops.c = c
	for i, cc := range cmdsOf(c) {
		cmd := ops.Cmds[i]
		table.cmds.Store(cc, &cmd)
	}
	table.families = append(table.families, ops)
	return nil
}

// UnregisterFamily makes libnl forget the family. One that is not registered is left alone.
//
// Ownership: gives ops back. Goroutines: any. Errors: ErrBusy while a message is being handled or IDs are being resolved.
//
// Implements:
//
//	int genl_unregister_family(struct genl_ops *);
func UnregisterFamily(ops *Ops) error {
	if !table.TryLock() {
		return libnl.ErrBusy
	}
	defer table.Unlock()
	if ops == nil || ops.c == nil {
		return nil
	}
	ret := C.genl_unregister_family(ops.c)
	if ret < 0 {
		return core.Libnl.Failure("genl_unregister_family", int(ret), nil)
	}
	for _, cc := range cmdsOf(ops.c) {
		table.cmds.Delete(cc)
	}
	for i, f := range table.families {
		if f == ops {
			table.families = append(table.families[:i], table.families[i+1:]...)
			break
		}
	}
	freeOps(ops.c)
	ops.c = nil
	return nil
}

// Register makes cache operations of a family known to libnl. Operations can only be made in C, with headers that libnl does
// not install; those there are, "genl/family", are registered when the process starts.
//
// Ownership: ops is borrowed. Goroutines: any. Errors: NLE_EXIST if they are registered, NLE_PROTO_MISMATCH and NLE_INVAL
// for operations of no generic netlink family, ErrBusy while a message is being handled or IDs are being resolved, ErrFreed.
//
// Implements:
//
//	int genl_register(struct nl_cache_ops *);
func Register(ops *libnl.CacheOps) error {
	return withOps(ops, func(p *C.struct_nl_cache_ops) error {
		ret := C.genl_register(p)
		if ret >= 0 {
			table.without = false
		}
		return core.Libnl.Failure("genl_register", int(ret), nil)
	})
}

// Unregister makes libnl forget cache operations of a family.
//
// Ownership: ops is borrowed. Goroutines: any. Errors: NLE_INVAL for operations that Register did not register, which crashes
// C; ErrBusy while a message is being handled or IDs are being resolved, ErrFreed.
//
// Implements:
//
//	void genl_unregister(struct nl_cache_ops *);
func Unregister(ops *libnl.CacheOps) error {
	return withOps(ops, func(p *C.struct_nl_cache_ops) error {
		if p != C.golibnl_genl_ctrl || table.without {
			return refusal("genl_unregister", libnl.NLE_INVAL, "the operations are not registered")
		}
		C.genl_unregister(p)
		table.without = true
		return nil
	})
}

func withOps(ops *libnl.CacheOps, f func(p *C.struct_nl_cache_ops) error) error {
	if !table.TryLock() {
		return libnl.ErrBusy
	}
	defer table.Unlock()
	return core.Libnl.Ops(ops, func(p unsafe.Pointer) error { return f((*C.struct_nl_cache_ops)(p)) })
}

// OpsResolve asks the kernel for the ID of a family, and fills it in.
//
// Ownership: sk and ops are borrowed. Goroutines: sender and receiver on sk, which must be blocking; any on ops. Errors:
// NLE_OBJ_NOTFOUND if there is no such family; those of a dump; what a callback of the socket returned; ErrBusy while a
// message is being handled or IDs are being resolved, ErrFreed.
//
// Implements:
//
//	int genl_ops_resolve(struct nl_sock *, struct genl_ops *);
func OpsResolve(sk *libnl.Socket, ops *Ops) error {
	if !table.TryLock() {
		return libnl.ErrBusy
	}
	defer table.Unlock()
	c := (*C.struct_genl_ops)(nil)
	if ops != nil {
		c = ops.c
	}
	if c == nil {
		var err error
		if c, err = ops.build("genl_ops_resolve"); err != nil {
			return err
		}
		defer freeOps(c)
	}
	if _, err := core.Libnl.Exchange("genl_ops_resolve", sk, true, C.golibnl_genl_ops_resolve, unsafe.Pointer(c)); err != nil {
		return err
	}
	ops.Id = int(c.o_id)
	return nil
}

// MngtResolve asks the kernel for the IDs of all families that are registered. As in C, the result is that of the last
// family: look at the IDs.
//
// Ownership: sk is borrowed. Goroutines: sender and receiver on sk, which must be blocking. Errors: those of [OpsResolve].
//
// Implements:
//
//	int genl_mngt_resolve(struct nl_sock *);
func MngtResolve(sk *libnl.Socket) error {
	if !table.TryLock() {
		return libnl.ErrBusy
	}
	defer table.Unlock()
	_, err := core.Libnl.Exchange("genl_mngt_resolve", sk, true, C.golibnl_genl_mngt_resolve, nil)
	for _, f := range table.families {
		f.Id = int(f.c.o_id)
	}
	return err
}

// HandleMsg calls the parser that is registered for the family and command of the message, and returns its results: a
// callback may end with return genl.HandleMsg(msg).
//
// Ownership: msg is borrowed. Goroutines: any. Errors: NLE_MSGTYPE_NOSUPPORT if no such family or command is registered,
// NLE_OPNOTSUPP if it has no parser, NLE_INVAL and NLE_MSG_TOOSHORT for a message that is too short, those of
// [libnl.NlaParse]; what the parser returned; ErrBusy while families are being registered or resolved; ErrFreed.
//
// Implements:
//
//	int genl_handle_msg(struct nl_msg *, void *);
func HandleMsg(msg *libnl.Msg) (libnl.CbAction, error) {
	if !table.TryRLock() {
		return libnl.NL_OK, libnl.ErrBusy
	}
	defer table.RUnlock()
	act, err := core.Libnl.Handle("genl_handle_msg", msg, C.golibnl_genl_handle_msg, nil)
	return libnl.CbAction(act), err
}

// Op2name returns the name of an operation of a family that this process has registered with libnl, and false if there is
// none, or families are being registered or resolved.
//
// Goroutines: any.
//
// Implements:
//
//	char *genl_op2name(int, int, char *, size_t);
func Op2name(family, op int) (string, bool) {
	if !table.TryRLock() {
		return "", false
	}
	defer table.RUnlock()
	var buf [257]C.char
	if C.genl_op2name(C.int(family), C.int(op), &buf[0], C.size_t(len(buf)-1)) == nil {
		return "", false
	}
	return C.GoString(&buf[0]), true
}

func cmdsOf(c *C.struct_genl_ops) []*C.struct_genl_cmd {
	all := make([]*C.struct_genl_cmd, 0, int(c.o_ncmds))
	for i := range unsafe.Slice(c.o_cmds, int(c.o_ncmds)) {
		all = append(all, (*C.struct_genl_cmd)(unsafe.Add(unsafe.Pointer(c.o_cmds), i*C.sizeof_struct_genl_cmd)))
	}
	return all
}

// build makes the C struct, all of it in C memory, which freeOps frees.
func (o *Ops) build(fn string) (*C.struct_genl_ops, error) {
	switch {
	case o == nil || o.Name == "" || strings.IndexByte(o.Name, 0) >= 0:
		return nil, refusal(fn, libnl.NLE_INVAL, "the family has no name")
	case o.Hdrsize < 0 || o.Hdrsize > math.MaxUint16 || o.Id < 0 || o.Id > math.MaxUint16:
		return nil, refusal(fn, libnl.NLE_RANGE, "ID %d or header size %d is no 16-bit number", o.Id, o.Hdrsize)
	}
	policies := make([][]uint16, len(o.Cmds))
	for i, cmd := range o.Cmds {
		if cmd.Maxattr < 0 || cmd.Maxattr > libnl.NLA_TYPE_MASK {
			return nil, refusal(fn, libnl.NLE_RANGE, "command %d: attribute type %d", cmd.Id, cmd.Maxattr)
		}
		if cmd.Policy == nil {
			continue
		}
		var err error
		if policies[i], err = core.Libnl.Policy(fn, cmd.Maxattr, cmd.Policy); err != nil {
			return nil, err
		}
	}
	c := (*C.struct_genl_ops)(C.calloc(1, C.sizeof_struct_genl_ops))
	c.o_id, c.o_hdrsize = C.int(o.Id), C.uint(o.Hdrsize)
	c.o_name = C.CString(o.Name)
	if len(o.Cmds) == 0 {
		return c, nil
	}
	c.o_ncmds = C.int(len(o.Cmds))
	c.o_cmds = (*C.struct_genl_cmd)(C.calloc(C.size_t(len(o.Cmds)), C.sizeof_struct_genl_cmd))
	for i, cc := range cmdsOf(c) {
		cmd := o.Cmds[i]
		cc.c_id, cc.c_maxattr, cc.c_name = C.int(cmd.Id), C.int(cmd.Maxattr), C.CString(cmd.Name)
		if cmd.MsgParser != nil {
			C.golibnl_genl_set_parser(cc)
		}
		if p := policies[i]; p != nil {
			mem := C.calloc(C.size_t(len(p)), 2)
			copy(unsafe.Slice((*uint16)(mem), len(p)), p)
			cc.c_attr_policy = (*C.struct_nla_policy)(mem)
		}
	}
	return c, nil
}

func freeOps(c *C.struct_genl_ops) {
	for _, cc := range cmdsOf(c) {
		C.free(unsafe.Pointer(cc.c_name))
		C.free(unsafe.Pointer(cc.c_attr_policy))
	}
	C.free(unsafe.Pointer(c.o_cmds))
	C.free(unsafe.Pointer(c.o_name))
	C.free(unsafe.Pointer(c))
}

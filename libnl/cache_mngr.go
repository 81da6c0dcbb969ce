package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"math"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// CacheMngr keeps caches up to date with what the kernel notifies about (struct nl_cache_mngr). It has two sockets: the one
// for notifications, and libnl's own to fill caches that are added.
//
// One call at a time may add a cache, wait, or process notifications; another one gets [ErrBusy]. The caches can be used by
// any goroutine all the time.
type CacheMngr struct {
	guard core.Guard
	busy  atomic.Bool // a call other than GetFd and Info is running
	sk    *Socket
	ownSk bool
	sync  *Socket // that fills the caches, nil if it is libnl's own
	flags int

	borrowed bool         // made by C, and freed by C; there is no sk then
	borrows  atomic.Int32 // to be released; changes under mngrs.mu
	shared   atomic.Bool  // C has the pointer, too

	// Under objMu:
	caches  []*Cache
	ops     []*C.struct_nl_cache_ops // of the caches, with a reference each, since unregistering them would make Free abort
	handles []uintptr
}

// CacheMngrAlloc makes a manager that listens on sk, or on a socket of its own if sk is nil, and connects that to a protocol.
// sk must not be connected; it becomes non-blocking, without a check of sequence numbers. With the flag [NL_AUTO_PROVIDE],
// the manager provides its caches, see [Cache.MngtProvide].
//
// Ownership: the result is owned, Free it; until then, calls that would send, receive, close or free return ErrBusy on sk.
// Goroutines: alone, on sk and its callback set. Errors: NLE_BAD_SOCK if sk is connected, which C closes; NLE_INVAL for the
// flag NL_ALLOCATED_SOCK, on which C aborts; those of [Socket.Connect]; NLE_NOMEM, ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_cache_mngr_alloc(struct nl_sock *, int, int, struct nl_cache_mngr **);
func CacheMngrAlloc(sk *Socket, protocol, flags int) (*CacheMngr, error) {
	return cacheMngrAlloc("nl_cache_mngr_alloc", sk, nil, protocol, flags,
		func(p, _ *C.struct_nl_sock, q **C.struct_nl_cache_mngr) error {
			if err := rehearse(protocol); err != nil {
				return err
			}
			ret, cerr := C.nl_cache_mngr_alloc(p, C.int(protocol), C.int(flags), q)
			return result("nl_cache_mngr_alloc", ret, cerr)
		})
}

// CacheMngrAllocEx is [CacheMngrAlloc] with a socket that caches are filled with, or with libnl's own if syncSk is nil. Its
// callbacks are called then, but for NL_CB_VALID. syncSk must be another than sk, and not connected; it stays blocking.
//
// Ownership: the result is owned, Free it; until then, calls that would send, receive, close or free return ErrBusy on sk
// and syncSk. Both are closed by Free, and then yours again; so it is in C, whatever the manual says of syncSk. Goroutines:
// alone, on both sockets and on sk's callback set. Errors: those of [CacheMngrAlloc], for syncSk too; [errors.ErrUnsupported]
// if the libnl that runs is older than 3.10.
//
// Implements:
//
//	int nl_cache_mngr_alloc_ex(struct nl_sock *, struct nl_sock *, int, int, struct nl_cache_mngr **);
func CacheMngrAllocEx(sk, syncSk *Socket, protocol, flags int) (*CacheMngr, error) {
	const fn = "nl_cache_mngr_alloc_ex"
	if C.golibnl_newer.nl_cache_mngr_alloc_ex == nil {
		return nil, tooOld(fn, 10)
	}
	if syncSk != nil && syncSk == sk {
		return nil, refusal(fn, NLE_INVAL, "one socket for both")
	}
	return cacheMngrAlloc(fn, sk, syncSk, protocol, flags,
		func(p, sync *C.struct_nl_sock, q **C.struct_nl_cache_mngr) error {
			ret, cerr := C.golibnl_mngr_alloc_ex(p, sync, C.int(protocol), C.int(flags), q)
			return result(fn, ret, cerr)
		})
}

// allocMngr is the C function that makes a manager.
type allocMngr func(sk, sync *C.struct_nl_sock, q **C.struct_nl_cache_mngr) error

func cacheMngrAlloc(fn string, sk, sync *Socket, protocol, flags int, alloc allocMngr) (*CacheMngr, error) {
	if int(C.int(protocol)) != protocol || int(C.int(flags)) != flags {
		return nil, refusal(fn, NLE_RANGE, "protocol %d, flags %#x", protocol, flags)
	}
	if flags&C.NL_ALLOCATED_SOCK != 0 {
		return nil, refusal(fn, NLE_INVAL, "the flag NL_ALLOCATED_SOCK is libnl's own")
	}
	m := &CacheMngr{sk: sk, sync: sync, flags: flags}
	if sk == nil {
		var err error
		if m.sk, err = SocketAlloc(); err != nil {
			return nil, err
		}
		m.ownSk = true
	}
	if err := m.alloc(fn, alloc); err != nil {
		if m.ownSk {
			_ = m.sk.Free()
		}
		return nil, err
	}
	return m, nil
}

// sockets are those that the manager holds.
func (m *CacheMngr) sockets() (all []*Socket) {
	for _, s := range []*Socket{m.sk, m.sync} {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// alloc enters the sockets, until Free, and makes the manager.
func (m *CacheMngr) alloc(fn string, alloc allocMngr) (err error) {
	for _, s := range m.sockets() {
		if _, err = s.g().Acquire(); err != nil {
			return err
		}
		defer func() {
			if err != nil {
				s.guard.Release()
			}
		}()
	}
	cb, err := m.sk.callbacks()
	if err != nil {
		return err
	}
	for _, s := range m.sockets() {
		if _, err = s.guard.Lock(1); err != nil {
			return err
		}
		defer s.guard.Unlock()
		if C.nl_socket_get_fd(s.ptr()) >= 0 {
			return refusal(fn, NLE_BAD_SOCK, "the socket is connected")
		}
	}
	var sync *C.struct_nl_sock
	if m.sync != nil {
		sync = m.sync.ptr()
	}
	return cb.change(func(*C.struct_nl_cb) error {
		C.nl_socket_disable_seq_check(m.sk.ptr())
		cb.mu.Lock()
		cb.replace(&cb.slots[NL_CB_SEQ_CHECK], 0)
		cb.mu.Unlock()
		var q *C.struct_nl_cache_mngr
		if err := alloc(m.sk.ptr(), sync, &q); err != nil {
			return err
		}
		m.guard.Init(unsafe.Pointer(q))
		m.guard.Own("CacheMngr")
		for _, s := range m.sockets() {
			s.sending.Store(true)
			s.receiving.Store(true)
		}
		return nil
	})
}

// rehearse makes sure that a socket can be connected to a protocol, and that there are descriptors to spare. Before 3.10,
// libnl frees the second socket of a manager twice if it cannot be connected.
func rehearse(protocol int) error {
	if VerNum() >= Ver(3, 10) {
		return nil
	}
	s, err := SocketAlloc()
	if err != nil {
		return err
	}
	defer func() { _ = s.Free() }()
	if err = s.Connect(protocol); err != nil {
		return err
	}
	const spare = 7 // for other goroutines, which may want some at this very time
	for range spare {
		fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(s.GetFd()), syscall.F_DUPFD_CLOEXEC, 0)
		if errno != 0 {
			return failure("nl_cache_mngr_alloc", -C.int(Syserr2nlerr(errno)), errno)
		}
		defer func() { _ = syscall.Close(int(fd)) }()
	}
	return nil
}

func (m *CacheMngr) g() *core.Guard {
	if m == nil {
		return nil
	}
	return &m.guard
}

// enter begins a call that has the manager to itself; leave ends it.
func (m *CacheMngr) enter() (*C.struct_nl_cache_mngr, error) {
	p, err := m.g().Acquire()
	if err != nil {
		return nil, err
	}
	if !m.busy.CompareAndSwap(false, true) {
		m.guard.Release()
		return nil, ErrBusy
	}
	return (*C.struct_nl_cache_mngr)(p), nil
}

func (m *CacheMngr) leave() {
	m.busy.Store(false)
	m.guard.Release()
}

// Free closes the manager's sockets and frees it, with its references to the caches. The socket that it was given is
// the caller's again, to connect or to free.
//
// Ownership: consumes the manager. Goroutines: alone. Errors: ErrBusy while a call is running, or in a callback of one;
// ErrBorrowed for a manager of C's, to be released.
//
// Implements:
//
//	void nl_cache_mngr_free(struct nl_cache_mngr *);
func (m *CacheMngr) Free() error {
	if m != nil && m.borrowed && m.guard.Live() {
		return ErrBorrowed
	}
	p, err := m.g().Retire()
	if p == nil || err != nil {
		return err
	}
	m.guard.Disown()
	if m.shared.Load() {
		mngrs.remove(p, m)
	}
	m.free((*C.struct_nl_cache_mngr)(p))
	for _, h := range m.handles {
		core.DeleteHandle(h)
	}
	for _, s := range m.sockets() {
		s.sending.Store(false)
		s.receiving.Store(false)
		s.guard.Release()
	}
	if m.ownSk {
		return m.sk.Free()
	}
	return nil
}

func (m *CacheMngr) free(p *C.struct_nl_cache_mngr) {
	objMu.Lock()
	defer objMu.Unlock()
	for _, s := range m.sockets() {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	C.nl_cache_mngr_free(p)
	for _, c := range m.caches {
		cp := (*C.struct_nl_cache)(c.guard.Pointer())
		for ops, q := range provided {
			if q == cp { // no longer, says C
				delete(provided, ops)
				C.nl_cache_put(q)
			}
		}
	}
	m.forget()
}

// forget gives the references back that the manager's Go object has. The caller holds objMu.
func (m *CacheMngr) forget() {
	for _, ops := range m.ops {
		C.nl_cache_ops_put(ops)
	}
	for _, c := range m.caches {
		c.mngr = nil
		c.drop()
	}
}

// drop gives back a reference that is no caller's. The caller holds objMu.
func (c *Cache) drop() {
	if c.refs > 1 {
		c.refs--
		return
	}
	c.refs = 0
	c.orphan.Store(true) // whoever is inside finishes it
	_ = c.finish()
}

// AddCache fills the cache as [Socket.CacheRefill] does, on libnl's own socket, and keeps it up to date from then on. It
// calls change, unless that is nil, for what [CacheMngr.Poll] and [CacheMngr.DataReady] change. While it waits for the
// kernel, calls on other objects wait, too.
//
// Ownership: consumes your reference to cache, which you may use as long as the manager lives. Goroutines: alone, among those
// that change the manager. Errors: NLE_PROTO_MISMATCH for a cache of another protocol; NLE_OPNOTSUPP for a type that the
// kernel has no notifications for; NLE_EXIST if this manager has a cache of the type, or any has the cache; NLE_NOCACHE if
// the operations of the cache are not registered any more; others of [Socket.CacheRefill]; ErrBorrowed for change on a manager
// of C's; ErrBusy, ErrFreed, for cache too. cache then stays yours.
//
// Implements:
//
//	int nl_cache_mngr_add_cache(struct nl_cache_mngr *mngr, struct nl_cache *cache, change_func_t cb, void *data);
func (m *CacheMngr) AddCache(cache *Cache, change ChangeFunc) error {
	return m.addCache("nl_cache_mngr_add_cache", cache, &changeSlot{cache: cache, v1: change}, 0)
}

// AddCacheV2 is [CacheMngr.AddCache] with the other kind of callback.
//
// Ownership: consumes your reference to cache, which you may use as long as the manager lives. Goroutines: alone, among those
// that change the manager. Errors: those of [CacheMngr.AddCache]; NLE_OPNOTSUPP with libnl 3.11.0, see [Cache.IncludeV2].
//
// Implements:
//
//	int nl_cache_mngr_add_cache_v2(struct nl_cache_mngr *mngr, struct nl_cache *cache, change_func_v2_t cb, void *data);
func (m *CacheMngr) AddCacheV2(cache *Cache, change ChangeFuncV2) error {
	const fn = "nl_cache_mngr_add_cache_v2"
	if err := checkV2(fn); err != nil {
		return err
	}
	return m.addCache(fn, cache, &changeSlot{cache: cache, v2: change}, 1)
}

func (m *CacheMngr) addCache(fn string, cache *Cache, slot *changeSlot, v2 C.int) error {
	cp, err := cache.enter()
	if err != nil {
		return err
	}
	defer cache.leave()
	p, err := m.enter()
	if err != nil {
		return err
	}
	defer m.leave()
	if m.borrowed && (slot.v1 != nil || slot.v2 != nil) {
		return ErrBorrowed
	}
	var f *flight // on the socket that fills the cache, if its callbacks are Go's
	if m.sync == nil {
		objMu.Lock()
		defer objMu.Unlock()
	} else {
		on, err := m.sync.enter(0, nil)
		if err != nil {
			return err
		}
		f = &on
		defer f.leave()
		f.call.Hold(&objMu)
	}
	ops := C.nl_cache_get_ops(cp)
	switch {
	case busyCaches[cp]:
		return ErrBusy
	case cache.refs == 0: // on its way out, with its manager
		return core.ReportMisuse(ErrFreed)
	case cache.mngr != nil:
		return refusal(fn, NLE_EXIST, "a manager has the cache")
	case !isRegistered(ops):
		return refusal(fn, NLE_NOCACHE, "the operations of the cache are not registered")
	}
	end, err := begin(cp)
	if err != nil {
		return err
	}
	defer end()
	return m.add(fn, f, ops, slot, C.struct_golibnl_cache_args{what: C.GOLIBNL_MNGR_ADD + v2, mngr: p, cache: cp})
}

// add adds the cache that args has. The caller holds objMu, but for the time in which f waits, or calls back.
func (m *CacheMngr) add(fn string, f *flight, ops *C.struct_nl_cache_ops, slot *changeSlot, args C.struct_golibnl_cache_args) error {
	var old *C.struct_nl_cache
	if m.flags&NL_AUTO_PROVIDE != 0 {
		if old = unprovide(ops); old != nil { // libnl would forget it with a reference
			defer C.nl_cache_put(old)
		}
	}
	C.nl_cache_ops_get(ops)
	C.nl_cache_get(args.cache) // Go's object keeps its own
	h := slot.handle()
	args.handle = C.uintptr_t(h)
	added := false
	defer func() { // a callback may end the goroutine
		if added {
			return
		}
		core.DeleteHandle(h)
		C.nl_cache_put(args.cache)
		C.nl_cache_ops_put(ops)
		if old != nil && provided[ops] == nil {
			C.nl_cache_mngt_provide(old)
			noteProvided(ops, old)
		}
	}()
	r, cerr := m.fill(f, args)
	if added = r.ret >= 0; added {
		if m.flags&NL_AUTO_PROVIDE != 0 {
			if q := provided[ops]; q != nil { // by a callback; libnl has forgotten it with a reference
				C.nl_cache_put(q)
				C.nl_cache_put(q)
			}
			noteProvided(ops, args.cache)
		}
		slot.cache.mngr = m
		m.caches = append(m.caches, slot.cache)
		m.ops = append(m.ops, ops)
		m.handles = append(m.handles, h)
	}
	if f == nil {
		return result(fn, r.ret, cerr)
	}
	_, err := f.done(fn, r)
	return err
}

func (m *CacheMngr) fill(f *flight, args C.struct_golibnl_cache_args) (r C.struct_golibnl_ret, cerr error) {
	if f != nil {
		return C.golibnl_cache_call(f.sk, f.cp, f.h, C.GOLIBNL_SEND|C.GOLIBNL_RECV, f.recvHook(), args), nil
	}
	for _, s := range m.sockets() {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	r.ret, cerr = C.golibnl_mngr_add(args)
	return r, cerr
}

// Add makes a cache of the type with a name, "route/link" for one, and adds it as [CacheMngr.AddCache] does.
//
// Ownership: the result is borrowed, as long as the manager lives; Get keeps it. Goroutines: alone, among those that change
// the manager. Errors: NLE_NOCACHE for a name that is not registered; those of [CacheMngr.AddCache].
//
// Implements:
//
//	int nl_cache_mngr_add(struct nl_cache_mngr *, const char *, change_func_t, void *, struct nl_cache **);
func (m *CacheMngr) Add(name string, change ChangeFunc) (*Cache, error) {
	const fn = "nl_cache_mngr_add"
	if _, err := m.g().Acquire(); err != nil {
		return nil, err
	}
	defer m.guard.Release()
	// Made of what libnl makes it of, so that a callback which ends the goroutine leaves no cache behind.
	cache, err := CacheAllocName(name)
	if err != nil {
		return nil, err
	}
	added := false
	defer func() {
		if !added {
			_ = cache.Put()
		}
	}()
	err = m.addCache(fn, cache, &changeSlot{cache: cache, v1: change}, 0)
	if err != nil {
		return nil, err
	}
	added = true
	return cache, nil
}

// GetFd returns the descriptor of the socket for notifications, for poll(2) and its kin.
//
// Goroutines: any. Errors: none; -1 on a freed manager.
//
// Implements:
//
//	int nl_cache_mngr_get_fd(struct nl_cache_mngr *);
func (m *CacheMngr) GetFd() int {
	p, err := m.g().Acquire()
	if err != nil {
		return -1
	}
	defer m.guard.Release()
	return int(C.nl_cache_mngr_get_fd((*C.struct_nl_cache_mngr)(p)))
}

// Poll waits so many milliseconds, or for ever if timeout is negative, for notifications, and processes them as
// [CacheMngr.DataReady] does. It returns 0 if there were none. Signals do not end it, unlike in C.
//
// Goroutines: alone, among those that change the manager. Errors: those of [CacheMngr.DataReady].
//
// Implements:
//
//	int nl_cache_mngr_poll(struct nl_cache_mngr *, int);
func (m *CacheMngr) Poll(timeout int) (int, error) {
	p, err := m.enter()
	if err != nil {
		return 0, err
	}
	defer m.leave()
	timeout = min(max(timeout, -1), math.MaxInt32)
	ret := C.golibnl_wait_readable(C.nl_cache_mngr_get_fd(p), C.int(timeout))
	if ret <= 0 {
		return 0, result("nl_cache_mngr_poll", ret, nil)
	}
	return m.run("nl_cache_mngr_poll", p, C.GOLIBNL_MNGR_POLL)
}

// DataReady brings the caches up to date with the notifications that are there, and returns the number of messages. The
// callbacks of the manager's socket are called, but for NL_CB_VALID.
//
// Goroutines: alone, among those that change the manager. Errors: NLE_NOMEM with ENOBUFS if notifications were lost since the
// socket's buffer was full: bring the caches up to date with [Socket.CacheResync], on another socket; others of
// [Socket.RecvmsgsReport]; ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_cache_mngr_data_ready(struct nl_cache_mngr *);
func (m *CacheMngr) DataReady() (int, error) {
	p, err := m.enter()
	if err != nil {
		return 0, err
	}
	defer m.leave()
	return m.run("nl_cache_mngr_data_ready", p, C.GOLIBNL_MNGR_DATA_READY)
}

func (m *CacheMngr) run(fn string, p *C.struct_nl_cache_mngr, what C.int) (int, error) {
	var f flight
	if m.sk == nil { // it is C's
		f.call = core.BeginCall(nil, nil)
		f.h = C.uintptr_t(f.call.Handle)
		defer f.call.End()
	} else {
		var err error
		if f, err = m.sk.enter(0, nil); err != nil {
			return 0, err
		}
		defer f.leave()
	}
	f.call.Hold(&objMu)
	for _, c := range m.caches {
		end, err := begin((*C.struct_nl_cache)(c.guard.Pointer()))
		if err != nil {
			return 0, err
		}
		defer end()
	}
	args := C.struct_golibnl_cache_args{what: what, mngr: p}
	r := C.golibnl_cache_call(f.sk, f.cp, f.h, C.GOLIBNL_RECV, f.recvHook(), args)
	n, err := f.done(fn, r)
	if r.ret >= 0 && errors.Is(err, NLE_AGAIN) { // a receive hook's way of saying that there is no more
		err = nil
	}
	return n, err
}

// Info writes what the manager is and has to the writer of params, for debugging.
//
// Goroutines: any, each with params of its own. Errors: those of [Object.Dump].
//
// Implements:
//
//	void nl_cache_mngr_info(struct nl_cache_mngr *, struct nl_dump_params *);
func (m *CacheMngr) Info(params *DumpParams) error {
	return params.run("nl_cache_mngr_info", func(dp *C.struct_nl_dump_params) error {
		p, err := m.g().Acquire()
		if err != nil {
			return err
		}
		defer m.guard.Release()
		objMu.Lock()
		defer objMu.Unlock()
		C.nl_cache_mngr_info((*C.struct_nl_cache_mngr)(p), dp)
		return nil
	})
}

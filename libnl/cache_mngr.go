package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"math"
	"strings"
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
	flags int

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
	const fn = "nl_cache_mngr_alloc"
	if int(C.int(protocol)) != protocol || int(C.int(flags)) != flags {
		return nil, refusal(fn, NLE_RANGE, "protocol %d, flags %#x", protocol, flags)
	}
	if flags&C.NL_ALLOCATED_SOCK != 0 {
		return nil, refusal(fn, NLE_INVAL, "the flag NL_ALLOCATED_SOCK is libnl's own")
	}
	m := &CacheMngr{sk: sk, flags: flags}
	if sk == nil {
		var err error
		if m.sk, err = SocketAlloc(); err != nil {
			return nil, err
		}
		m.ownSk = true
	}
	err := m.alloc(fn, protocol)
	if err != nil {
		if m.ownSk {
			_ = m.sk.Free()
		}
		return nil, err
	}
	return m, nil
}

func (m *CacheMngr) alloc(fn string, protocol int) error {
	sk := m.sk
	p, err := sk.g().Acquire() // until Free
	if err != nil {
		return err
	}
	err = m.allocOn(fn, (*C.struct_nl_sock)(p), protocol)
	if err != nil {
		sk.guard.Release()
	}
	return err
}

func (m *CacheMngr) allocOn(fn string, p *C.struct_nl_sock, protocol int) error {
	sk := m.sk
	if _, err := sk.guard.Lock(1); err != nil {
		return err
	}
	defer sk.guard.Unlock()
	if C.nl_socket_get_fd(p) >= 0 {
		return refusal(fn, NLE_BAD_SOCK, "the socket is connected")
	}
	cb := sk.cb
	return cb.change(func(*C.struct_nl_cb) error {
		if err := rehearse(protocol); err != nil {
			return err
		}
		C.nl_socket_disable_seq_check(p)
		cb.mu.Lock()
		cb.replace(&cb.slots[NL_CB_SEQ_CHECK], 0)
		cb.mu.Unlock()
		var q *C.struct_nl_cache_mngr
		ret, cerr := C.nl_cache_mngr_alloc(p, C.int(protocol), C.int(m.flags), &q)
		if ret < 0 {
			return result(fn, ret, cerr)
		}
		m.guard.Init(unsafe.Pointer(q))
		m.guard.Own("CacheMngr")
		sk.sending.Store(true)
		sk.receiving.Store(true)
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
// Ownership: consumes the manager. Goroutines: alone. Errors: ErrBusy while a call is running, or in a callback of one.
//
// Implements:
//
//	void nl_cache_mngr_free(struct nl_cache_mngr *);
func (m *CacheMngr) Free() error {
	p, err := m.g().Retire()
	if p == nil || err != nil {
		return err
	}
	m.guard.Disown()
	m.free((*C.struct_nl_cache_mngr)(p))
	for _, h := range m.handles {
		core.DeleteHandle(h)
	}
	m.sk.sending.Store(false)
	m.sk.receiving.Store(false)
	m.sk.guard.Release()
	if m.ownSk {
		return m.sk.Free()
	}
	return nil
}

func (m *CacheMngr) free(p *C.struct_nl_cache_mngr) {
	objMu.Lock()
	defer objMu.Unlock()
	m.sk.mu.Lock()
	C.nl_cache_mngr_free(p)
	m.sk.mu.Unlock()
	for _, ops := range m.ops {
		C.nl_cache_ops_put(ops)
	}
	for _, c := range m.caches {
		cp := (*C.struct_nl_cache)(c.guard.Pointer())
		for ops, q := range provided {
			if q == cp { // no longer, says C
				delete(provided, ops)
				C.nl_cache_put(q)
			}
		}
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
// the operations of the cache are not registered any more; others of [Socket.CacheRefill]; ErrBusy, ErrFreed, for cache
// too. cache then stays yours.
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
	objMu.Lock()
	defer objMu.Unlock()
	switch {
	case busyCaches[cp]:
		return ErrBusy
	case cache.refs == 0: // on its way out, with its manager
		return core.ReportMisuse(ErrFreed)
	case cache.mngr != nil:
		return refusal(fn, NLE_EXIST, "a manager has the cache")
	case !isRegistered(C.nl_cache_get_ops(cp)):
		return refusal(fn, NLE_NOCACHE, "the operations of the cache are not registered")
	}
	C.nl_cache_get(cp) // Go's object keeps its own
	err = m.add(fn, C.nl_cache_get_ops(cp), slot, func(h uintptr) (*C.struct_nl_cache, C.int, error) {
		ret, cerr := C.golibnl_mngr_add(p, cp, C.uintptr_t(h), v2)
		return cp, ret, cerr
	})
	if err != nil {
		C.nl_cache_put(cp)
	}
	return err
}

// add adds what f adds, which becomes slot.cache. The caller holds objMu.
func (m *CacheMngr) add(fn string, ops *C.struct_nl_cache_ops, slot *changeSlot,
	f func(h uintptr) (p *C.struct_nl_cache, ret C.int, cerr error)) error {
	var old *C.struct_nl_cache
	if m.flags&NL_AUTO_PROVIDE != 0 {
		if old = unprovide(ops); old != nil { // libnl would forget it with a reference
			defer C.nl_cache_put(old)
		}
	}
	h := slot.handle()
	m.sk.mu.Lock()
	p, ret, cerr := f(h)
	m.sk.mu.Unlock()
	if ret < 0 {
		core.DeleteHandle(h)
		if old != nil {
			C.nl_cache_mngt_provide(old)
			noteProvided(ops, old)
		}
		return result(fn, ret, cerr)
	}
	if m.flags&NL_AUTO_PROVIDE != 0 {
		noteProvided(ops, p)
	}
	if slot.cache == nil {
		C.nl_cache_get(p)
		slot.cache = cacheOf(p)
	}
	slot.cache.mngr = m
	m.caches = append(m.caches, slot.cache)
	C.nl_cache_ops_get(ops)
	m.ops = append(m.ops, ops)
	m.handles = append(m.handles, h)
	return nil
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
	p, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer m.leave()
	if strings.IndexByte(name, 0) >= 0 {
		return nil, refusal(fn, NLE_NOCACHE, "%q is not registered", name)
	}
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	objMu.Lock()
	defer objMu.Unlock()
	ops := C.nl_cache_ops_lookup(c)
	if ops == nil {
		return nil, refusal(fn, NLE_NOCACHE, "%q is not registered", name)
	}
	slot := &changeSlot{v1: change}
	err = m.add(fn, ops, slot, func(h uintptr) (q *C.struct_nl_cache, ret C.int, cerr error) {
		ret, cerr = C.golibnl_mngr_add_name(p, c, C.uintptr_t(h), &q)
		return q, ret, cerr
	})
	return slot.cache, err
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
	f, err := m.sk.enter(0, nil)
	if err != nil {
		return 0, err
	}
	defer f.leave()
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

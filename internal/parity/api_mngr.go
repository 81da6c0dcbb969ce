//go:build linux && cgo

package parity

import (
	"bytes"

	"github.com/golibnl/golibnl/libnl"
)

var mngrVerbs = map[string]verb{
	"nl_cache_mngr_alloc": {5, func(a *api, w []string) {
		m, err := libnl.CacheMngrAlloc(a.sockOrNone(w, 2), num(w, 3), num(w, 4))
		a.giveMngr(w, m, err)
	}},
	"nl_cache_mngr_alloc_ex": {6, func(a *api, w []string) {
		m, err := libnl.CacheMngrAllocEx(a.sockOrNone(w, 2), a.sockOrNone(w, 3), num(w, 4), num(w, 5))
		a.giveMngr(w, m, err)
	}},
	"nl_cache_mngr_add": {5, func(a *api, w []string) {
		c, err := a.mngr(w).Add(w[3], a.change(w, 4))
		a.sayRet(0, err)
		if err == nil {
			c, err = c.Get()
			must(err)
			give(a, w, 2, c)
		}
	}},
	"nl_cache_mngr_add_cache": {4, func(a *api, w []string) {
		a.takeOver(w, func(c *libnl.Cache) error { return a.mngr(w).AddCache(c, a.change(w, 3)) })
	}},
	"nl_cache_mngr_add_cache_v2": {4, func(a *api, w []string) {
		a.takeOver(w, func(c *libnl.Cache) error { return a.mngr(w).AddCacheV2(c, a.changeV2(w, 3)) })
	}},
	"nl_cache_mngr_poll":       {3, func(a *api, w []string) { a.sayRet(a.mngr(w).Poll(num(w, 2))) }},
	"nl_cache_mngr_data_ready": {2, func(a *api, w []string) { a.sayRet(a.mngr(w).DataReady()) }},
	"nl_cache_mngr_get_fd": {2, func(a *api, w []string) {
		if a.mngr(w).GetFd() >= 0 {
			a.say(" = open")
			return
		}
		a.say(" = none")
	}},
	"nl_cache_mngr_info": {2, func(a *api, w []string) {
		var b bytes.Buffer
		must(a.mngr(w).Info(&libnl.DumpParams{DpFd: &b}))
		a.say(" = %d lines", bytes.Count(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("\n")))
	}},
	"nl_cache_mngr_free": {2, func(a *api, w []string) {
		a.done(a.mngr(w).Free())
		forget[*libnl.CacheMngr](a, w, 1)
	}},
}

func (a *api) mngr(w []string) *libnl.CacheMngr { return get[*libnl.CacheMngr](a, w, 1) }

func (a *api) sockOrNone(w []string, i int) *libnl.Socket {
	if w[i] == "-" {
		return nil
	}
	return a.sock(w, i)
}

func (a *api) giveMngr(w []string, m *libnl.CacheMngr, err error) {
	a.sayRet(0, err)
	if err == nil {
		give(a, w, 1, m)
	}
}

// takeOver gives a manager a reference of its own, and takes it back if it fails.
func (a *api) takeOver(w []string, add func(c *libnl.Cache) error) {
	c, err := a.cache(w, 2).Get()
	must(err)
	err = add(c)
	a.sayRet(0, err)
	if err != nil {
		must(c.Put())
	}
}

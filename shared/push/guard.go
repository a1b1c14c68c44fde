package push

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// isLocal reports whether a host name is this machine's.
func isLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// guard looks at every address just before it is dialled, after names were
// resolved, so that no name leads to the machine itself or to the services that
// a cloud keeps for its machines, where credentials lie.
func guard(local bool) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return err
		}
		if !reachable(addr, local) {
			return fmt.Errorf("events are not delivered to the address %s", addr)
		}
		return nil
	}
}

// reachable decides on an address. An address of this machine is reached only
// by an URL that says so, and such an URL reaches no other.
func reachable(addr netip.Addr, local bool) bool {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		bytes := addr.As16()
		for _, embedding := range []string{"64:ff9b::/96", "::/96"} { // NAT64 and the old form of IPv4 in IPv6
			if netip.MustParsePrefix(embedding).Contains(addr) && !addr.IsLoopback() {
				return reachable(netip.AddrFrom4([4]byte(bytes[12:])), local)
			}
		}
	}
	switch {
	case addr.IsLoopback():
		return local
	case addr.IsUnspecified(), addr.IsMulticast(), addr.IsLinkLocalUnicast(), addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return false
	case netip.MustParsePrefix("0.0.0.0/8").Contains(addr):
		return false
	case netip.MustParsePrefix("fd00:ec2::/32").Contains(addr): // AWS's own services of a machine
		return false
	}
	return !local
}

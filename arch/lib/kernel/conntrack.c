// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connection tracking is off until a rule asks for it, as on a host that has
 * loaded no module.  Before 6.12 Open vSwitch asks in every network namespace as
 * soon as it is there (its limits of connections by zone, nf_conncount_init()),
 * and here it is there from the start: each connection would cost an entry, and
 * beyond nf_conntrack_max SYNs would be dropped.  Take back what it asked for
 * while the namespace lives; its ct() action tracks without the hooks, as since
 * 6.12.
 */
#include <asm/versions.h>
#include <linux/init.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>

#if LIB_CONNCOUNT_TRACKS && IS_ENABLED(CONFIG_NETFILTER_CONNCOUNT)

static int __net_init unasked_init(struct net *net)
{
	nf_ct_netns_put(net, NFPROTO_INET);
	return 0;
}

/* Open vSwitch, registered earlier, leaves later and puts once more. */
static void __net_exit unasked_exit(struct net *net)
{
	nf_ct_netns_get(net, NFPROTO_INET);
}

static struct pernet_operations unasked_ops = {
	.init = unasked_init,
	.exit = unasked_exit,
};

static int __init unasked_setup(void)
{
	return register_pernet_device(&unasked_ops);
}
late_initcall(unasked_setup);
#endif

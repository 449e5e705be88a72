/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of vfio-pci-common.  Not ABI.
 *
 * Units and names: pos and owner are offsets in config space, len and size are
 * bytes, irq indexes are VFIO_PCI_*_IRQ_INDEX, ret is 0 or a negative errno.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vfio_pci_common

#if !defined(VFIO_PCI_COMMON_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VFIO_PCI_COMMON_TRACE_H

#include <linux/pci.h>
#include <linux/tracepoint.h>

/* One step of an access to config space, and the bits of its rule */
TRACE_EVENT(vfio_pci_config,
	TP_PROTO(struct pci_dev *pdev, bool iswrite, u16 owner, u16 pos,
		 unsigned int len, u32 val, u32 virt, u32 write),
	TP_ARGS(pdev, iswrite, owner, pos, len, val, virt, write),
	TP_STRUCT__entry(
		__string(name, pci_name(pdev))
		__field(bool, iswrite)
		__field(u8, len)
		__field(u16, owner)
		__field(u16, pos)
		__field(u32, val)
		__field(u32, virt)
		__field(u32, write)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->iswrite = iswrite;
		__entry->len = len;
		__entry->owner = owner;
		__entry->pos = pos;
		__entry->val = val;
		__entry->virt = virt;
		__entry->write = write;
	),
	TP_printk("%s %s owner=%#x pos=%#x len=%u val=%#x virt=%#x write=%#x",
		  __get_str(name), __entry->iswrite ? "write" : "read",
		  __entry->owner, __entry->pos, __entry->len, __entry->val,
		  __entry->virt, __entry->write)
);

/* Interrupts of an index set up or taken down */
TRACE_EVENT(vfio_pci_irq,
	TP_PROTO(struct pci_dev *pdev, unsigned int index, unsigned int count,
		 int ret),
	TP_ARGS(pdev, index, count, ret),
	TP_STRUCT__entry(
		__string(name, pci_name(pdev))
		__field(unsigned int, index)
		__field(unsigned int, count)
		__field(int, ret)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->index = index;
		__entry->count = count;
		__entry->ret = ret;
	),
	TP_printk("%s index=%u count=%u ret=%d", __get_str(name),
		  __entry->index, __entry->count, __entry->ret)
);

/* A reset: "function", "config", "hot" or "close" */
TRACE_EVENT(vfio_pci_reset,
	TP_PROTO(struct pci_dev *pdev, const char *cause, int ret),
	TP_ARGS(pdev, cause, ret),
	TP_STRUCT__entry(
		__string(name, pci_name(pdev))
		__string(cause, cause)
		__field(int, ret)
	),
	TP_fast_assign(
		__assign_str(name);
		__assign_str(cause);
		__entry->ret = ret;
	),
	TP_printk("%s cause=%s ret=%d", __get_str(name), __get_str(cause),
		  __entry->ret)
);

/* A power state asked for: 0 to 3 for D0 to D3hot */
TRACE_EVENT(vfio_pci_power,
	TP_PROTO(struct pci_dev *pdev, int state, int ret),
	TP_ARGS(pdev, state, ret),
	TP_STRUCT__entry(
		__string(name, pci_name(pdev))
		__field(int, state)
		__field(int, ret)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->state = state;
		__entry->ret = ret;
	),
	TP_printk("%s state=D%d ret=%d", __get_str(name), __entry->state,
		  __entry->ret)
);

#endif /* VFIO_PCI_COMMON_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

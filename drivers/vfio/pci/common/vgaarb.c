// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VGA device as a client of the VGA arbiter, while it is registered.
 *
 * A device whose legacy ranges nobody will use should say so, or every access
 * of another VGA device to them has to be arbitrated.
 */
#include <linux/aperture.h>
#include <linux/pci.h>
#include <linux/vfio_pci_common.h>
#include <linux/vgaarb.h>

#include "registry.h"
#include "vga.h"

#define NORMAL	(VGA_RSRC_NORMAL_IO | VGA_RSRC_NORMAL_MEM)
#define LEGACY	(VGA_RSRC_LEGACY_IO | VGA_RSRC_LEGACY_MEM)

static bool is_below(struct pci_bus *bus, struct pci_bus *top)
{
	for (; bus; bus = bus->parent)
		if (bus == top)
			return true;
	return false;
}

/* Is there another VGA device at or below the bus of @pdev? */
static bool shares_bus(struct pci_dev *pdev)
{
	struct pci_dev *other = NULL;

	while ((other = pci_get_class(PCI_CLASS_DISPLAY_VGA << 8, other))) {
		if (other == pdev ||
		    pci_domain_nr(other->bus) != pci_domain_nr(pdev->bus) ||
		    pci_is_root_bus(other->bus))
			continue;
		if (is_below(other->bus, pdev->bus)) {
			pci_dev_put(other);
			return true;
		}
	}
	return false;
}

static unsigned int decodes(struct pci_dev *pdev, bool disabled)
{
	if (disabled && !pci_is_root_bus(pdev->bus) && !shares_bus(pdev))
		return NORMAL;
	return NORMAL | LEGACY;
}

/* The arbiter asks what is decoded; @single: no other VGA device is there */
static unsigned int set_decode(struct pci_dev *pdev, bool single)
{
	struct vfio_pci_device *vdev;
	bool disabled;
	int token;

	vdev = vfio_pci_registry_get(pdev, &token);
	disabled = !single && vdev && vdev->policy.disable_vga;
	vfio_pci_registry_put(token);
	return decodes(pdev, disabled);
}

/* Returns 0 for a device that isn't VGA, or the errno of those it asks */
int vfio_pci_vga_register(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (!pci_is_vga(pdev))
		return 0;

	ret = aperture_remove_conflicting_pci_devices(pdev, vdev->vdev.ops->name);
	if (ret)
		return ret;

	ret = vga_client_register(pdev, set_decode);
	if (ret)
		return ret;
	vga_set_legacy_decoding(pdev, decodes(pdev, vdev->policy.disable_vga));
	return 0;
}

void vfio_pci_vga_unregister(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (!pci_is_vga(pdev))
		return;
	vga_client_unregister(pdev);
	vga_set_legacy_decoding(pdev, NORMAL | LEGACY);
}

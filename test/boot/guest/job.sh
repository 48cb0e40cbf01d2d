# What is asked on every booted machine, before VFIO takes the devices from their drivers.
dmesg >/out/dmesg
cp /sys/firmware/acpi/tables/DMAR /out/
ask map dmar
ask map.json dmar --json
ask devices dmar devices --all
ask devices.json dmar devices --all --json
ask check.json dmar check --json
ask capture dmar capture -o /out/host.tar.gz

# "drop=ADDRESS" on the kernel's command line: a table that does not name the device, in all forms.
for word in $(cat /proc/cmdline); do
  case $word in
  drop=*)
    ask override dmar override --drop-device "${word#drop=}" --yes -o /out/DMAR.aml --initrd /out/acpi_override.cpio \
      --grub /out/override.cfg
    ;;
  esac
done

# Xen's own answer to the hypercall that dmar replays.
if [ -e /dev/xen/privcmd ]; then
  ask hypercall reserved-memory
  ask map.raw dmar map --raw
fi

# Gives each IOMMU group to VFIO: "GROUP STEP ERRNO" a line.
for group in /sys/kernel/iommu_groups/*; do
  [ -d "$group" ] || continue
  others=0
  for device in "$group"/devices/*; do
    address=${device##*/}
    case $(cat "$device/class") in 0x0604*) continue ;; esac
    others=$((others + 1))
    [ -e "$device/driver" ] && echo "$address" >"$device/driver/unbind"
    echo vfio-pci >"$device/driver_override"
    echo "$address" >/sys/bus/pci/drivers/vfio-pci/bind
  done
  [ $others -gt 0 ] && attach-group "${group##*/}" >>/out/vfio
done
dmesg >/out/dmesg-after
ask explain.json sh -c 'dmesg | dmar explain - --json'

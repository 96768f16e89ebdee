#!/usr/bin/env python3
"""Writes the qemu-*.txt dumps of this folder: boots a QEMU machine to the end of its firmware, which assigns buses and windows, and reads
every Function's configuration space through the memory-mapped one.

usage: qemu-dumps.py [FOLDER]        needs qemu-system-x86_64 (7.2 made the committed files)
"""
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

ECAM = 0xB0000000  # where the firmware maps the configuration space of a q35

# name -> (devices, {PF: VFs to enable})
MACHINES = {
    "qemu-switch-sriov.txt": (
        """pcie-root-port,id=rp0,bus=pcie.0,addr=2.0,multifunction=on,chassis=1,slot=1,x-speed=16,x-width=16
           pcie-root-port,id=rp1,bus=pcie.0,addr=2.1,chassis=2,slot=2,x-speed=8,x-width=4
           pcie-root-port,id=rp2,bus=pcie.0,addr=3.0,chassis=3,slot=3,disable-acs=on
           x3130-upstream,id=up,bus=rp0
           xio3130-downstream,id=d0,bus=up,chassis=4,slot=4,addr=0
           xio3130-downstream,id=d1,bus=up,chassis=5,slot=5,addr=3
           nvme-subsys,id=sub0
           nvme,serial=pciesim,bus=d0,subsys=sub0,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=8,msix_qsize=8
           e1000e,bus=rp1
           virtio-rng-pci,bus=pcie.0,addr=5.0
           edu,bus=pcie.0,addr=6.0""",
        {(3, 0, 0): 2},
    ),
    "qemu-two-roots.txt": (
        """pxb-pcie,id=pxb1,bus_nr=0x80,bus=pcie.0,addr=4.0
           ioh3420,id=io0,bus=pcie.0,addr=7.0,chassis=7,slot=7
           pcie-root-port,id=rp8,bus=pxb1,addr=0.0,chassis=8,slot=8
           e1000e,bus=rp8
           pcie-pci-bridge,id=pci0,bus=io0
           rtl8139,bus=pci0,addr=1.0
           pci-testdev,bus=pci0,addr=2.0
           nvme,serial=pciesim,bus=pcie.0,addr=8.0""",
        {},
    ),
}


class Machine:
    def __init__(self, devices):
        self._folder = tempfile.TemporaryDirectory()
        path = f"{self._folder.name}/qtest"
        command = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-m", "128", "-nodefaults", "-display", "none", "-no-reboot",
                   "-qtest", f"unix:{path},server=on,wait=off", "-qtest-log", "none", "-monitor", "none", "-serial", "none"]
        for device in devices.split():
            command += ["-device", device]
        self._process = subprocess.Popen(command)
        time.sleep(6)  # the firmware has nothing to boot from and is done by then
        wire = socket.socket(socket.AF_UNIX)
        wire.connect(path)
        self._wire = wire.makefile("rw")

    def close(self):
        self._process.terminate()
        self._process.wait()

    def _ask(self, line):
        self._wire.write(line + "\n")
        self._wire.flush()
        while (answer := self._wire.readline().strip()).startswith("IRQ"):
            pass
        return answer

    def read(self, where, offset):
        bus, device, function = where
        return int(self._ask(f"readl {ECAM + (bus << 20 | device << 15 | function << 12 | offset):#x}").split()[1], 16)

    def write(self, where, offset, value):
        bus, device, function = where
        self._ask(f"writel {ECAM + (bus << 20 | device << 15 | function << 12 | offset):#x} {value:#x}")

    def enable_vfs(self, pf, count):
        at = 0x100
        while self.read(pf, at) & 0xFFFF != 0x10:
            at = self.read(pf, at) >> 20
        self.write(pf, at + 0x10, count)
        self.write(pf, at + 0x08, 0b1001)  # VF Enable, VF MSE

    def dump(self):
        for bus in range(256):
            for device in range(32):
                for function in range(8):
                    where = bus, device, function
                    if self.read(where, 0) & 0xFFFF == 0xFFFF and not self._is_vf(where):
                        continue
                    yield where, b"".join(self.read(where, at).to_bytes(4, "little") for at in range(0, self._size(where), 4))

    def _is_vf(self, where):  # a VF's own Vendor ID reads FFFFh (§9.3.4.1.1); its Header Type does not
        return self.read(where, 0x0C) != 0xFFFFFFFF

    def _size(self, where):
        at = self.read(where, 0x34) & 0xFC
        while at:
            if self.read(where, at) & 0xFF == 0x10:
                return 4096
            at = self.read(where, at) >> 8 & 0xFC
        return 256


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for name, (devices, vfs) in MACHINES.items():
        machine = Machine(devices)
        for pf, count in vfs.items():
            machine.enable_vfs(pf, count)
        text = []
        for (bus, device, function), image in machine.dump():
            ids = f"{image[1]:02x}{image[0]:02x}:{image[3]:02x}{image[2]:02x}"
            text.append(f"{bus:02x}:{device:02x}.{function} {image[11]:02x}{image[10]:02x}: {ids} (rev {image[8]:02x})")
            text += [f"{at:02x}: {image[at:at + 16].hex(' ')}" for at in range(0, len(image), 16)] + [""]
        (folder / name).write_text("\n".join(text) + "\n")
        print(name, machine.close() or "", len(text), "lines")


main()

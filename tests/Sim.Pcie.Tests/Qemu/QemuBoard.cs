using NUnit.Framework;
using Qtest;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Qemu;

/// <summary>The board in QEMU.</summary>
internal sealed class QemuBoard : IBoard
{
    private readonly QtestMachine _machine = new(
        "-device", "pcie-root-port,id=rp0,chassis=1,slot=1,addr=0x1", "-device", "ioh3420,id=rp1,chassis=2,slot=2,addr=0x2",
        "-device", "x3130-upstream,id=up,bus=rp0", "-device", "xio3130-downstream,id=d0,bus=up,chassis=3,slot=3,addr=0x0",
        "-device", "xio3130-downstream,id=d1,bus=up,chassis=4,slot=4,addr=0x1", "-device", "e1000e,id=nic0,bus=d0,romfile=",
        "-object", "memory-backend-ram,id=ram,size=1M", "-device", "ivshmem-plain,id=shm,bus=d1,memdev=ram",
        "-device", "xio3130-downstream,id=d2,bus=up,chassis=5,slot=5,addr=0x2",
        "-device", "virtio-rng-pci,id=rng,bus=d2,aer=on,disable-legacy=on", "-device", "e1000e,id=nic1,bus=rp1,romfile=");

    public bool SwapsHeaderLog => true;

    public uint ReadConfig(RoutingId id, int offset, int size) => _machine.ReadConfig(id.Value, offset, size);

    public void WriteConfig(RoutingId id, int offset, int size, uint value) => _machine.WriteConfig(id.Value, offset, size, value);

    public uint? ReadMemory(ulong address) => (uint)_machine.ReadMemory(address, 4) is var value && IsNobody(value) ? null : value;

    public void WriteMemory(ulong address, uint value) => _machine.WriteMemory(address, 4, value);

    public uint? In(uint port) => _machine.In(port, 4) is var value && IsNobody(value) ? null : value;

    public void Out(uint port, uint value) => _machine.Out(port, 4, value);

    public void Inject(string function, PcieError error, TlpHeader? header, bool advisory)
    {
        var facts = ErrorTable.Of(error);
        var log = header is { } h ? $" 0x{h.Dw0:x} 0x{h.Dw1:x} 0x{h.Dw2:x} 0x{h.Dw3:x}" : "";
        var flags = (facts.IsCorrectable ? "-c " : "") + (advisory ? "-a " : "");
        var answer = _machine.Monitor($"pcie_aer_inject_error {flags}{function} 0x{facts.Mask:x}{log}");
        Assert.That(answer, Does.StartWith("OK"), $"{function}: {error}");
    }

    public void Dispose() => _machine.Dispose();

    /// <summary>Unclaimed addresses read so, and no register of the board that is looked at does.</summary>
    private static bool IsNobody(uint value) => value is 0 or uint.MaxValue;
}

using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Dumps;

/// <summary>What the registers of a dumped Function say. Nothing behind the end of what was dumped is read: it reads 0.</summary>
internal static class DumpedFunctionExtensions
{
    private const uint PciToPciBridge = 0x060400;
    private const int HeaderType = 0x0E;

    /// <summary>Its address with the domain: <c>0000:00:02.0</c>.</summary>
    public static string Name(this LspciFunction f) => $"{f.Domain:x4}:{f.Id}";

    public static uint U8(this LspciFunction f, int offset) => offset < f.Image.Length ? f.Image[offset] : 0u;

    public static uint U16(this LspciFunction f, int offset) => f.U8(offset) | f.U8(offset + 1) << 8;

    public static uint U32(this LspciFunction f, int offset) => f.U16(offset) | f.U16(offset + 2) << 16;

    /// <summary>Header layout: 0, 1 (bridges), 2 (CardBus).</summary>
    public static int HeaderLayout(this LspciFunction f) => (int)f.U8(HeaderType) & 0x7F;

    /// <summary>Whether it answers at all: a device that is gone, or asleep, reads all ones. (A VF's IDs do, too; its Header Type does
    /// not.)</summary>
    public static bool Answers(this LspciFunction f) => f.U16(0) != 0xFFFF || f.U8(HeaderType) != 0xFF;

    public static uint ClassCode(this LspciFunction f) => f.U32(0x08) >> 8;

    public static bool IsBridge(this LspciFunction f) => f.HeaderLayout() == 1 && f.ClassCode() >> 8 == PciToPciBridge >> 8;

    public static int Secondary(this LspciFunction f) => (int)f.U8(0x19);

    public static int Subordinate(this LspciFunction f) => (int)f.U8(0x1A);

    /// <summary>Offset of the PCI Express Capability, or 0.</summary>
    public static int Express(this LspciFunction f) =>
        f.Answers() && f.FindCapability(CapabilityId.PciExpress) is not 0 and var at && at + 4 <= f.Image.Length ? at : 0;

    /// <summary>Device/Port Type (§7.5.3.2); null without a PCI Express Capability.</summary>
    public static PciePortType? PortType(this LspciFunction f) =>
        f.Express() is not 0 and var at ? (PciePortType)(f.U8(at + 2) >> 4) : null;

    public static bool IsEndpoint(this LspciFunction f) => f.PortType() is PciePortType.Endpoint or PciePortType.LegacyEndpoint;

    /// <summary>What kind of Function it is, in a few words.</summary>
    public static string Kind(this LspciFunction f) => f.PortType() switch
    {
        PciePortType.Endpoint => f.U16(0) == 0xFFFF ? "Virtual Function" : "Endpoint",
        PciePortType.LegacyEndpoint => "Legacy Endpoint",
        PciePortType.RootPort when f.HeaderLayout() != 1 => "Root Port without a Type 1 header",
        PciePortType.RootPort => "Root Port",
        PciePortType.UpstreamPort => "Switch Upstream Port",
        PciePortType.DownstreamPort => "Switch Downstream Port",
        PciePortType.RootComplexIntegratedEndpoint => "Root Complex Integrated Endpoint",
        PciePortType.RootComplexEventCollector => "Root Complex Event Collector",
        (PciePortType)7 => "PCI Express to PCI bridge",
        (PciePortType)8 => "PCI to PCI Express bridge",
        { } other => $"Function with Device/Port Type {(int)other:x}h",
        null when !f.Answers() => "Function that does not answer",
        null when f.IsBridge() => "PCI bridge",
        null when f.ClassCode() >> 8 == 0x0600 => "host bridge",
        null => "PCI Function",
    };
}

using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Scenarios.Dumps;

/// <summary>One structure of a dumped Function whose registers have names.</summary>
/// <param name="Name">The structure, by the specification's name.</param>
/// <param name="Offset">Where it lies.</param>
/// <param name="Registers">Its registers, with offsets from the start of the space.</param>
internal sealed record KnownStructure(string Name, int Offset, IReadOnlyList<RegisterSpec> Registers);

/// <summary>
/// Names the registers of a dumped Function. The names are those of the simulator's own tables: each capability that the dump shows is
/// placed once more, at the same offset of an empty space, and read off.
/// </summary>
internal static class KnownRegisters
{
    private const int FirstExtended = 0x100;

    public static IReadOnlyList<KnownStructure> Of(LspciFunction f)
    {
        if (!f.Answers()) return [];
        var structures = new List<KnownStructure> { Header(f) };
        if ((f.U8(0x06) & 0x10) != 0 && f.HeaderLayout() != 2)
            for (var at = (int)f.U8(0x34) & 0xFC; at >= 0x40 && at + 2 < f.Image.Length; at = (int)f.U8(at + 1) & 0xFC)
                Add(structures, f, at, Conventional(f, at));
        for (var at = FirstExtended; at >= FirstExtended && at + 4 <= f.Image.Length; at = (int)(f.U32(at) >> 20) & 0xFFC)
        {
            if (f.U32(at) is 0 or uint.MaxValue) break;
            Add(structures, f, at, Extended(f, at));
        }

        return structures;
    }

    private static KnownStructure Header(LspciFunction f)
    {
        var space = new ConfigSpace("dump", extended: false);
        var identity = new FunctionIdentity(0, 0, 0);
        if (f.HeaderLayout() == 1) Type1Header.Add(space, identity);
        else Type0Header.Add(space, identity);
        var end = f.HeaderLayout() <= 1 ? 0x40 : 0x10; // What all header types share.
        return new KnownStructure(f.HeaderLayout() <= 1 ? $"Type {f.HeaderLayout()} Header" : "Header", 0,
            [.. RegistersOf(space).Where(r => r.Offset + r.Bytes <= end)]);
    }

    private static void Add(
        List<KnownStructure> structures, LspciFunction f, int at, (string Name, int Bytes, Action<ConfigSpace> Place)? known)
    {
        if (known is not { } k) return;
        var space = new ConfigSpace("dump");
        if (at > FirstExtended) space.Define(FirstExtended, 4, ExtendedCapabilityId.VendorSpecific); // Another one begins the list.
        try
        {
            k.Place(space);
        }
        catch (ArgumentException)
        {
            return; // It hangs over the end of the space: bytes without names.
        }

        var taken = structures.SelectMany(s => s.Registers).SelectMany(r => Enumerable.Range(r.Offset, r.Bytes)).ToHashSet();
        var registers = RegistersOf(space)
            .Where(r => r.Offset >= at && r.Offset + r.Bytes <= Math.Min(at + k.Bytes, f.Image.Length))
            .Where(r => !Enumerable.Range(r.Offset, r.Bytes).Any(taken.Contains)).ToList();
        structures.Add(new KnownStructure(k.Name, at, registers));
    }

    private static IEnumerable<RegisterSpec> RegistersOf(ConfigSpace space) => space.Fields().Select(f => f.Register).Distinct();

    private static (string, int, Action<ConfigSpace>)? Conventional(LspciFunction f, int at)
    {
        var control = f.U16(at + 2);
        switch (f.U8(at))
        {
            case CapabilityId.PowerManagement:
                return ("Power Management", 8, s => PowerManagementCapability.Add(s, at));
            case CapabilityId.Msi when (control & 0x80) != 0: // 64-bit addresses; the other layout has no table here.
                return ("MSI", (control & 0x100) != 0 ? 0x18 : 0x0E, s => MsiCapability.Add(s, at, 1, (control & 0x100) != 0));
            case CapabilityId.Msix:
                return ("MSI-X", 12, s => MsixCapability.Add(s, at, 1, 0, 0, 0x1000));
            case CapabilityId.PciExpress:
                var type = (PciePortType)(control >> 4 & 0xF);
                return ("PCI Express", ExpressBytes(type, (int)control & 0xF), s => PciExpressCapability.Add(s, at, new(type)
                {
                    SlotImplemented = (control & 0x100) != 0,
                    HotPlug = true,
                }));
            default:
                return null;
        }
    }

    /// <summary>Version 1 of the capability ends where the port's type has no more registers (§7.5.3).</summary>
    private static int ExpressBytes(PciePortType type, int version) => version >= 2 ? 0x3C : type switch
    {
        PciePortType.RootPort or PciePortType.RootComplexEventCollector => 0x24,
        PciePortType.DownstreamPort => 0x1C,
        _ => 0x14,
    };

    private static (string, int, Action<ConfigSpace>)? Extended(LspciFunction f, int at)
    {
        var whole = ConfigSpace.ExtendedSize;
        switch ((ushort)f.U16(at))
        {
            case ExtendedCapabilityId.AdvancedErrorReporting:
                var root = f.PortType() is PciePortType.RootPort or PciePortType.RootComplexEventCollector;
                var prefixes = f.U8(at + 2) >= 2 && f.PortType() is not null && (f.U32(f.Express() + 0x24) & 1 << 21) != 0;
                return ("Advanced Error Reporting", prefixes ? 0x48 : root ? 0x38 : 0x2C, s => AerCapability.Add(s, at, new()
                {
                    Errors = root || f.IsBridge() ? AerOptions.PortErrors : AerOptions.EndpointErrors,
                    RootRegisters = root,
                    TlpPrefixLog = prefixes,
                }));
            case ExtendedCapabilityId.DeviceSerialNumber:
                return ("Device Serial Number", 0x0C, s => IdentityCapabilities.AddSerialNumber(s, at, 0));
            case ExtendedCapabilityId.AccessControlServices:
                var bits = (f.U16(at + 4) & 0x20) == 0 ? 0 : f.U8(at + 5) is 0 ? 256 : (int)f.U8(at + 5);
                return ("Access Control Services", whole, s => AcsCapability.Add(s, at,
                    (AcsFeatures)(f.U16(at + 4) & 0x7F), Math.Max(bits, 1)));
            case ExtendedCapabilityId.AlternativeRoutingId:
                return ("Alternative Routing-ID Interpretation", whole, s => AriCapability.Add(s, at));
            case ExtendedCapabilityId.SingleRootIov:
                return ("Single Root I/O Virtualization", whole, s => SriovCapability.Add(s, at, new() { TotalVfs = 1, VfDeviceId = 0 }));
            case ExtendedCapabilityId.LatencyToleranceReporting:
                return ("Latency Tolerance Reporting", whole, s => IdentityCapabilities.AddLatencyToleranceReporting(s, at));
            case ExtendedCapabilityId.DownstreamPortContainment:
                return ("Downstream Port Containment", whole, s => DpcCapability.Add(s, at, new()
                {
                    RootPortExtensions = (f.U16(at + 4) & 0x20) != 0,
                }));
            default:
                return null;
        }
    }
}

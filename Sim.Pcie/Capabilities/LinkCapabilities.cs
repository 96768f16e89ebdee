using Sim.Pcie.Config;
using Sim.Pcie.Spec;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>The extended capabilities that describe a link's equalization and data link features: registers software reads, which decide
/// nothing in the model.</summary>
public static class LinkCapabilities
{
    private const int LinkStatus2 = 0x32;

    /// <summary>What a port that reaches a speed has to have: Secondary PCI Express from 8.0 GT/s on, Data Link Feature and Physical Layer
    /// 16.0 GT/s from 16.0 GT/s on, Physical Layer 32.0 GT/s from 32.0 GT/s on.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">Of the first one: 100h or above.</param>
    /// <param name="express">PCI Express capability, which says speed, width and type of the port.</param>
    /// <returns>The next free offset.</returns>
    public static int AddAll(ConfigSpace config, int offset, PciExpressCapability express)
    {
        var (speed, lanes) = (express.Options.MaxLinkSpeed, express.Options.MaxLinkWidth);
        if (speed >= 3)
        {
            AddSecondaryPciExpress(config, offset, lanes, express.IsDownstreamPort);
            offset += Aligned(0x0C + 2 * lanes);
        }

        if (speed >= 4)
        {
            AddDataLinkFeature(config, offset);
            offset += 0x10;
            AddPhysicalLayer16(config, offset, lanes);
            offset += Aligned(0x20 + lanes);
        }

        if (speed < 5) return offset;
        AddPhysicalLayer32(config, offset, lanes);
        return offset + Aligned(0x20 + lanes);
    }

    /// <summary>Shows the equalizations that a link went through on its way to a speed: none above it (§7.5.3.20, §7.7.5.4,
    /// §7.7.6.4).</summary>
    /// <param name="express">PCI Express capability of the port's Function.</param>
    /// <param name="speed">1 = 2.5 GT/s to 6 = 64 GT/s.</param>
    internal static void ShowEqualization(PciExpressCapability express, int speed)
    {
        const uint completeAndPhases = 0xF;
        var config = express.Config;
        Show(express.Offset + LinkStatus2, 2, completeAndPhases << 1, speed >= 3 && express.Options.MaxLinkSpeed >= 3);
        if (config.FindExtendedCapability(ExtendedCapabilityId.PhysicalLayer16) is not 0 and var at16)
            Show(at16 + 0x0C, 4, completeAndPhases, speed >= 4);
        if (config.FindExtendedCapability(ExtendedCapabilityId.PhysicalLayer32) is not 0 and var at32)
            Show(at32 + 0x0C, 4, completeAndPhases, speed >= 5);

        void Show(int offset, int bytes, uint bits, bool done)
        {
            if (done) config.HwSetBits(offset, bytes, bits);
            else config.HwClearBits(offset, bytes, bits);
        }
    }

    /// <summary>Secondary PCI Express (§7.7.3): required from 8.0 GT/s on.</summary>
    /// <param name="config">Where.</param>
    /// <param name="offset">100h or above.</param>
    /// <param name="lanes">Maximum Link Width.</param>
    /// <param name="isDownstreamPort">Root Port or Switch Downstream Port: Link Control 3 is writable.</param>
    public static void AddSecondaryPciExpress(ConfigSpace config, int offset, int lanes, bool isDownstreamPort)
    {
        var registers = new List<RegisterSpec>
        {
            new(0x04, 32, "Link Control 3", "§7.7.3.2",
                new(0, 1, "Perform Equalization", isDownstreamPort ? RW : RO),
                new(1, 1, "Link Equalization Request Interrupt Enable", isDownstreamPort ? RW : RO)),
            new(0x08, 32, "Lane Error Status", "§7.7.3.3", new FieldSpec(0, lanes, "Lane Error Status Bits", RW1CS)),
        };
        for (var lane = 0; lane < lanes; lane++)
            registers.Add(RegisterSpec.Whole(0x0C + 2 * lane, 16, $"Lane {lane} Equalization Control", "§7.7.3.4", HwInit, 0x7F7F));
        config.Place(offset, new("Secondary PCI Express", Padded(0x0C + 2 * lanes), [.. registers]));
        config.ChainExtendedCapability(ExtendedCapabilityId.SecondaryPciExpress, 1, offset);
    }

    /// <summary>Data Link Feature (§7.7.4): Scaled Flow Control.</summary>
    public static void AddDataLinkFeature(ConfigSpace config, int offset, bool scaledFlowControl = true)
    {
        var scaled = scaledFlowControl ? 1u : 0u;
        config.Place(offset, new("Data Link Feature", 0x0C,
            new(0x04, 32, "Data Link Feature Capabilities", "§7.7.4.2",
                new(0, 1, "Local Scaled Flow Control Supported", HwInit, scaled),
                new(31, 1, "Data Link Feature Exchange Enable", HwInit, 1)),
            new(0x08, 32, "Data Link Feature Status", "§7.7.4.3",
                new(0, 1, "Remote Scaled Flow Control Supported", RO, scaled),
                new(31, 1, "Remote Data Link Feature Supported Valid", RO, 1))));
        config.ChainExtendedCapability(ExtendedCapabilityId.DataLinkFeature, 1, offset);
    }

    /// <summary>Physical Layer 16.0 GT/s (§7.7.5).</summary>
    public static void AddPhysicalLayer16(ConfigSpace config, int offset, int lanes)
    {
        var registers = new List<RegisterSpec>
        {
            new(0x04, 32, "16.0 GT/s Capabilities", "§7.7.5.2"),
            new(0x08, 32, "16.0 GT/s Control", "§7.7.5.3"),
            Equalization(0x0C, "16.0 GT/s Status", "§7.7.5.4"),
            new(0x10, 32, "16.0 GT/s Local Data Parity Mismatch Status", "§7.7.5.5", new FieldSpec(0, lanes, "Status", RW1CS)),
            new(0x14, 32, "16.0 GT/s First Retimer Data Parity Mismatch Status", "§7.7.5.6", new FieldSpec(0, lanes, "Status", RW1CS)),
            new(0x18, 32, "16.0 GT/s Second Retimer Data Parity Mismatch Status", "§7.7.5.7", new FieldSpec(0, lanes, "Status", RW1CS)),
        };
        AddLanes(registers, lanes, "16.0 GT/s", "§7.7.5.8");
        config.Place(offset, new("Physical Layer 16.0 GT/s", Padded(0x20 + lanes), [.. registers]));
        config.ChainExtendedCapability(ExtendedCapabilityId.PhysicalLayer16, 1, offset);
    }

    /// <summary>Physical Layer 32.0 GT/s (§7.7.6).</summary>
    public static void AddPhysicalLayer32(ConfigSpace config, int offset, int lanes)
    {
        var registers = new List<RegisterSpec>
        {
            new(0x04, 32, "32.0 GT/s Capabilities", "§7.7.6.2", new FieldSpec(8, 1, "Modified TS Usage Mode 0 Supported", HwInit, 1)),
            new(0x08, 32, "32.0 GT/s Control", "§7.7.6.3"),
            Equalization(0x0C, "32.0 GT/s Status", "§7.7.6.4"),
        };
        AddLanes(registers, lanes, "32.0 GT/s", "§7.7.6.9");
        config.Place(offset, new("Physical Layer 32.0 GT/s", Padded(0x20 + lanes), [.. registers]));
        config.ChainExtendedCapability(ExtendedCapabilityId.PhysicalLayer32, 1, offset);
    }

    private static RegisterSpec Equalization(int offset, string name, string section) =>
        new(offset, 32, name, section,
            new(0, 1, "Equalization Complete", ROS),
            new(1, 1, "Equalization Phase 1 Successful", ROS),
            new(2, 1, "Equalization Phase 2 Successful", ROS),
            new(3, 1, "Equalization Phase 3 Successful", ROS),
            new(4, 1, "Link Equalization Request", RW1CS));

    private static void AddLanes(List<RegisterSpec> registers, int lanes, string rate, string section)
    {
        for (var lane = 0; lane < lanes; lane++)
            registers.Add(RegisterSpec.Whole(0x20 + lane, 8, $"{rate} Lane {lane} Equalization Control", section, HwInit, 0xFF));
    }

    private static int Padded(int bytes) => bytes + 3 & ~3;

    private static int Aligned(int bytes) => bytes + 15 & ~15;
}

using Sim.Pcie.Config;
using static Sim.Pcie.Config.RegisterAccess;

namespace Sim.Pcie.Capabilities;

/// <summary>Type 0 Configuration Space Header: Endpoints (§7.5.1.2).</summary>
public sealed class Type0Header : HeaderView
{
    private const int RomOffset = 0x30;

    private Type0Header(ConfigSpace config) : base(config)
    {
    }

    /// <summary>Places the header at offset 0.</summary>
    /// <param name="config">Where.</param>
    /// <param name="identity">Identity registers.</param>
    /// <param name="bars">The BARs it has.</param>
    public static Type0Header Add(ConfigSpace config, FunctionIdentity identity, params BarSpec[] bars)
    {
        config.Place(0, new("Type 0 Header", 0x40,
        [
            .. Common(identity, 0),
            .. BarRegisters(6),
            RegisterSpec.Whole(0x28, 32, "Cardbus CIS Pointer", "§7.5.1.2.2", RO),
            RegisterSpec.Whole(0x2C, 16, "Subsystem Vendor ID", "§7.5.1.2.3", HwInit, identity.SubsystemVendorId),
            RegisterSpec.Whole(0x2E, 16, "Subsystem ID", "§7.5.1.2.3", HwInit, identity.SubsystemId),
            RegisterSpec.Whole(RomOffset, 32, "Expansion ROM Base Address", "§7.5.1.2.4", RO),
            RegisterSpec.Whole(0x3E, 8, "Min_Gnt", "§7.5.1.2.5", RO),
            RegisterSpec.Whole(0x3F, 8, "Max_Lat", "§7.5.1.2.5", RO),
        ]));
        var header = new Type0Header(config);
        header.AddBars(6, bars);
        return header;
    }

    /// <summary>Places the header of a VF: IDs read FFFFh, of Command only Bus Master Enable exists, BARs, ROM and interrupt registers
    /// read 0
    /// (§9.3.4). Its memory is decoded by the PF's VF BARs and VF MSE.</summary>
    /// <param name="config">The VF's space.</param>
    /// <param name="physical">The PF's identity: class code, revision and subsystem are the same.</param>
    public static Type0Header AddVirtual(ConfigSpace config, FunctionIdentity physical)
    {
        var header = Add(config, physical with { VendorId = 0xFFFF, DeviceId = 0xFFFF, InterruptPin = 0, MultiFunction = false });
        config.SetAccess(CommandOffset, 2, 0xFFFF & ~(1u << BusMasterEnable), RO);
        config.SetAccess(0x0C, 1, 0xFF, RO);
        config.SetAccess(0x3C, 1, 0xFF, RO);
        return header;
    }
}

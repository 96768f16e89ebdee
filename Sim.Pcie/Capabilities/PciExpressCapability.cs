using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Capabilities;

/// <summary>PCI Express Capability, version 2 (§7.5.3): the registers of the port type, and the fields the models act on.</summary>
public sealed partial class PciExpressCapability
{
    /// <summary>Device Status bit: Correctable Error Detected.</summary>
    public const int CorrectableErrorDetected = 0;

    /// <summary>Device Status bit: Non-Fatal Error Detected.</summary>
    public const int NonFatalErrorDetected = 1;

    /// <summary>Device Status bit: Fatal Error Detected.</summary>
    public const int FatalErrorDetected = 2;

    /// <summary>Device Status bit: Unsupported Request Detected.</summary>
    public const int UnsupportedRequestDetected = 3;

    /// <summary>Device Status bit: Transactions Pending.</summary>
    public const int TransactionsPending = 5;

    /// <summary>Device Control bit: Correctable Error Reporting Enable.</summary>
    public const int CorrectableReportingEnable = 0;

    /// <summary>Device Control bit: Non-Fatal Error Reporting Enable.</summary>
    public const int NonFatalReportingEnable = 1;

    /// <summary>Device Control bit: Fatal Error Reporting Enable.</summary>
    public const int FatalReportingEnable = 2;

    /// <summary>Device Control bit: Unsupported Request Reporting Enable.</summary>
    public const int UnsupportedRequestReportingEnable = 3;

    /// <summary>Device Control bit: Initiate Function Level Reset; reads 0.</summary>
    public const int InitiateFlr = 15;

    private readonly PciExpressCapability _governing;

    private PciExpressCapability(ConfigSpace config, int offset, PciExpressOptions options, PciExpressCapability? physical = null)
    {
        (Config, Offset, Options) = (config, offset, options);
        _governing = physical ?? this;
    }

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>What it was made with.</summary>
    public PciExpressOptions Options { get; }

    /// <summary>Device/Port Type.</summary>
    public PciePortType PortType => Options.PortType;

    /// <summary>Offset of Device Control.</summary>
    public int DeviceControl => Offset + 0x08;

    /// <summary>Offset of Device Status.</summary>
    public int DeviceStatus => Offset + 0x0A;

    /// <summary>Offset of Link Control.</summary>
    public int LinkControl => Offset + 0x10;

    /// <summary>Offset of Link Status.</summary>
    public int LinkStatus => Offset + 0x12;

    /// <summary>Offset of Slot Control.</summary>
    public int SlotControl => Offset + 0x18;

    /// <summary>Offset of Slot Status.</summary>
    public int SlotStatus => Offset + 0x1A;

    /// <summary>Offset of Root Control.</summary>
    public int RootControl => Offset + 0x1C;

    /// <summary>Offset of Root Status.</summary>
    public int RootStatus => Offset + 0x20;

    /// <summary>Offset of Device Control 2.</summary>
    public int DeviceControl2 => Offset + 0x28;

    /// <summary>Offset of Link Control 2.</summary>
    public int LinkControl2 => Offset + 0x30;

    /// <summary>Device Control.Max_Payload_Size in bytes; in a VF, its PF's, as are the settings below (§7.5.3.4: VF RsvdP).</summary>
    public int MaxPayloadSize => 128 << (int)(_governing.Config.Read(_governing.DeviceControl, 2) >> 5 & 7);

    /// <summary>Device Control.Max_Read_Request_Size in bytes.</summary>
    public int MaxReadRequestSize => 128 << (int)(_governing.Config.Read(_governing.DeviceControl, 2) >> 12 & 7);

    /// <summary>Read Completion Boundary in bytes: the port's own for a Root Port, what software set for an Endpoint.</summary>
    public int ReadCompletionBoundary => _governing.Config.Bit(_governing.LinkControl, 3) ? 128 : 64;

    /// <summary>Device Control.Enable Relaxed Ordering.</summary>
    public bool RelaxedOrderingEnabled => _governing.Config.Bit(_governing.DeviceControl, 4);

    /// <summary>Device Control.Extended Tag Field Enable: 8-bit tags.</summary>
    public bool ExtendedTagEnabled => _governing.Config.Bit(_governing.DeviceControl, 8);

    /// <summary>Device Control 2.10-Bit Tag Requester Enable.</summary>
    public bool TenBitTagRequesterEnabled => _governing.Config.Bit(_governing.DeviceControl2, 12);

    /// <summary>Device Control 2.ARI Forwarding Enable.</summary>
    public bool AriForwardingEnabled => _governing.Config.Bit(_governing.DeviceControl2, 5);

    /// <summary>Device Control 2.AtomicOp Requester Enable.</summary>
    public bool AtomicOpRequesterEnabled => _governing.Config.Bit(_governing.DeviceControl2, 6);

    /// <summary>Device Control 2.AtomicOp Egress Blocking.</summary>
    public bool AtomicOpEgressBlocking => _governing.Config.Bit(_governing.DeviceControl2, 7);

    /// <summary>Device Control 2.LTR Mechanism Enable.</summary>
    public bool LtrEnabled => _governing.Config.Bit(_governing.DeviceControl2, 10);

    /// <summary>Device Control 2.End-End TLP Prefix Blocking.</summary>
    public bool EndEndPrefixBlocking => Config.Bit(DeviceControl2, 15);

    /// <summary>Device Control 2.Completion Timeout Value: the encoding of §7.5.3.16.</summary>
    public int CompletionTimeoutValue => (int)_governing.Config.Read(_governing.DeviceControl2, 2) & 0xF;

    /// <summary>Device Control 2.Completion Timeout Disable.</summary>
    public bool CompletionTimeoutDisabled => _governing.Config.Bit(_governing.DeviceControl2, 4);

    /// <summary>Root Control.Configuration RRS Software Visibility Enable; Root Ports.</summary>
    public bool RrsSoftwareVisibilityEnabled => Config.Bit(RootControl, 4);

    /// <summary>Link Control.Link Disable; Downstream Ports.</summary>
    public bool LinkDisabled => Config.Bit(LinkControl, 4);

    /// <summary>True where the port faces away from the Root Complex: Root Port or Switch Downstream Port.</summary>
    public bool IsDownstreamPort => PortType is PciePortType.RootPort or PciePortType.DownstreamPort;

    /// <summary>True while requests of this Function await completion; shown in Device Status.</summary>
    public bool HasTransactionsPending
    {
        set
        {
            if (value)
                Config.HwSetBits(DeviceStatus, 2, 1u << TransactionsPending);
            else
                Config.HwClearBits(DeviceStatus, 2, 1u << TransactionsPending);
        }
    }

    /// <summary>Calls <paramref name="handler"/> when software writes 1 to Initiate Function Level Reset (§6.6.2).</summary>
    public void OnInitiateFlr(Action handler)
    {
        if (!Options.FunctionLevelReset)
            return;
        Config.OnWrite(DeviceControl + 1, 1, write =>
        {
            if ((write.Ones >> (DeviceControl & 3) * 8 >> InitiateFlr & 1) != 0)
                handler();
        });
    }

    /// <summary>Takes the limit of a Set_Slot_Power_Limit Message (§2.2.8.5): value in bits 7:0, scale in 9:8.</summary>
    public void CaptureSlotPowerLimit(uint payload)
    {
        const uint captured = 0x3FFu << 18;
        Config.HwSet(Offset + 0x04, 4, Config.Read(Offset + 0x04) & ~captured | (payload & 0x3FF) << 18);
    }

    /// <summary>Shows the trained link. Speed 0 and width 0 are a link that is down.</summary>
    /// <param name="speed">1 = 2.5 GT/s to 6 = 64 GT/s.</param>
    /// <param name="width">Lanes.</param>
    public void SetLinkUp(int speed, int width)
    {
        var active = IsDownstreamPort && Options.LinkActiveReporting ? 1u << 13 : 0;
        var kept = Config.Read(LinkStatus, 2) & ~0x23FFu;
        Config.HwSet(LinkStatus, 2, kept | (uint)speed | (uint)width << 4 | (width == 0 ? 0 : active));
        if (speed > 0) LinkCapabilities.ShowEqualization(this, speed);
    }

    /// <summary>Shows a link that is down: Data Link Layer Link Active clear and, in a slot port, Data Link Layer State Changed
    /// set.</summary>
    public void SetLinkDown()
    {
        Config.HwClearBits(LinkStatus, 2, 1u << 13);
        if (IsDownstreamPort && Options.SlotImplemented)
            Config.HwSetBits(SlotStatus, 2, 1u << 8);
    }
}

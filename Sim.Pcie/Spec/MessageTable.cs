namespace Sim.Pcie.Spec;

/// <summary>The Messages of the specification (§2.2.8, §10.3, §10.4, Appendix F), one row each.</summary>
public static class MessageTable
{
    private const byte ToRoot = 1 << (int)MessageRouting.ToRootComplex;
    private const byte ById = 1 << (int)MessageRouting.ById;
    private const byte Broadcast = 1 << (int)MessageRouting.Broadcast;
    private const byte Local = 1 << (int)MessageRouting.Local;
    private const byte Gathered = 1 << (int)MessageRouting.Gathered;
    private const byte Vendor = ToRoot | ById | Broadcast | Local;
    private const uint All = uint.MaxValue;

    /// <summary>Vendor ID of the PCI-SIG: its Vendor_Defined Type 1 Messages have a Subtype in byte 12 (§2.2.8.6.1).</summary>
    public const ushort PciSigVendorId = 0x0001;

    /// <summary>Every Message, by code.</summary>
    public static readonly IReadOnlyList<MessageSpec> Rows =
    [
        new(MessageCode.Unlock, "Unlock", Broadcast, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.InvalidateRequest, "Invalidate Request", ById, MessagePayload.Required, 2, false, 0, 0),
        new(MessageCode.InvalidateCompletion, "Invalidate Completion", ById, MessagePayload.None, 0, false, 0x7, All),
        new(MessageCode.PageRequest, "Page Request", ToRoot, MessagePayload.None, 0, false, All, All),
        new(MessageCode.PrgResponse, "PRG Response", ById, MessagePayload.None, 0, false, 0xF1FF, 0),
        new(MessageCode.Ltr, "LTR", Local, MessagePayload.None, 0, true, 0, All),
        new(MessageCode.Obff, "OBFF", Local, MessagePayload.None, 0, true, 0, 0xF),
        new(MessageCode.PmActiveStateNak, "PM_Active_State_Nak", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.PmPme, "PM_PME", ToRoot, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.PmeTurnOff, "PME_Turn_Off", Broadcast, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.PmeToAck, "PME_TO_Ack", Gathered, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.AssertIntA, "Assert_INTA", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.AssertIntB, "Assert_INTB", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.AssertIntC, "Assert_INTC", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.AssertIntD, "Assert_INTD", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.DeassertIntA, "Deassert_INTA", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.DeassertIntB, "Deassert_INTB", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.DeassertIntC, "Deassert_INTC", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.DeassertIntD, "Deassert_INTD", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.ErrCor, "ERR_COR", ToRoot, MessagePayload.None, 0, true, All, All), // holds the ERR_COR Subclass (§2.2.8.3)
        new(MessageCode.ErrNonFatal, "ERR_NONFATAL", ToRoot, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.ErrFatal, "ERR_FATAL", ToRoot, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.AttentionIndicatorOff, "Attention_Indicator_Off", Local, MessagePayload.None, 0, false, 0, 0),
        new(MessageCode.AttentionIndicatorOn, "Attention_Indicator_On", Local, MessagePayload.None, 0, false, 0, 0),
        new(MessageCode.AttentionIndicatorBlink, "Attention_Indicator_Blink", Local, MessagePayload.None, 0, false, 0, 0),
        new(MessageCode.PowerIndicatorOff, "Power_Indicator_Off", Local, MessagePayload.None, 0, false, 0, 0),
        new(MessageCode.PowerIndicatorOn, "Power_Indicator_On", Local, MessagePayload.None, 0, false, 0, 0),
        new(MessageCode.PowerIndicatorBlink, "Power_Indicator_Blink", Local, MessagePayload.None, 0, false, 0, 0),
        new(MessageCode.AttentionButtonPressed, "Attention_Button_Pressed", Local, MessagePayload.None, 0, false, 0, 0),
        new(MessageCode.SetSlotPowerLimit, "Set_Slot_Power_Limit", Local, MessagePayload.Required, 1, true, 0, 0),
        new(MessageCode.PtmRequest, "PTM Request", Local, MessagePayload.None, 0, true, 0, 0),
        new(MessageCode.PtmResponse, "PTM Response", Local, MessagePayload.Optional, 1, true, All, All),
        new(MessageCode.IdeSync, "IDE Sync", ById | Local, MessagePayload.None, 0, false, All, All),
        new(MessageCode.IdeFail, "IDE Fail", ById | Local, MessagePayload.None, 0, false, All, All),
        new(MessageCode.VendorDefined0, "Vendor_Defined Type 0", Vendor, MessagePayload.Optional, 0, false, 0xFFFF, All),
        new(MessageCode.VendorDefined1, "Vendor_Defined Type 1", Vendor, MessagePayload.Optional, 0, false, 0xFFFF, All),
    ];

    private static readonly MessageSpec?[] ByCode = Index();

    /// <summary>The row of a code, null for a reserved one.</summary>
    public static MessageSpec? Find(MessageCode code) => ByCode[(byte)code];

    /// <summary>
    /// The name of the Message that a header holds: PTM Responses with data and the PCI-SIG's own VDMs have names beyond their code;
    /// "reserved" for a reserved code.
    /// </summary>
    public static string NameOf(in TlpHeader header) => Readiness(in header) switch
    {
        ReadinessMessage.Drs => "DRS",
        ReadinessMessage.Frs => "FRS",
        ReadinessMessage.HierarchyId => "Hierarchy ID",
        _ when header.MessageCode == MessageCode.PtmResponse && header.HasData => "PTM ResponseD",
        _ => Find(header.MessageCode)?.Name ?? "reserved",
    };

    /// <summary>
    /// Which of the PCI-SIG's own Vendor_Defined Type 1 Messages a Message header holds, by Vendor ID and Subtype (§2.2.8.6.1).
    /// </summary>
    public static ReadinessMessage Readiness(in TlpHeader header) =>
        header.MessageCode == MessageCode.VendorDefined1 && (header.Dw2 & 0xFFFF) == PciSigVendorId
            ? (header.Dw3 >> 24) switch
            {
                0x01 => ReadinessMessage.HierarchyId,
                0x08 => ReadinessMessage.Drs,
                0x09 => ReadinessMessage.Frs,
                _ => ReadinessMessage.None,
            }
            : ReadinessMessage.None;

    private static MessageSpec?[] Index()
    {
        var index = new MessageSpec?[256];
        foreach (var row in Rows)
            index[(byte)row.Code] = row;
        return index;
    }
}

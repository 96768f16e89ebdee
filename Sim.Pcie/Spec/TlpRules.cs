namespace Sim.Pcie.Spec;

/// <summary>Each <see cref="TlpRule"/> in words, with the section that states it.</summary>
public static class TlpRules
{
    private static readonly (string Section, string Text)[] Table = Build();

    /// <summary>Section of the PCI Express Base Specification, "§2.2.2".</summary>
    public static string Section(TlpRule rule) => Table[(int)rule].Section;

    /// <summary>What is wrong, one sentence.</summary>
    public static string Text(TlpRule rule) => Table[(int)rule].Text;

    /// <summary>Name and section: "PayloadLength §2.2.2".</summary>
    public static string Name(TlpRule rule) => $"{rule} {Section(rule)}";

    private static (string, string)[] Build()
    {
        var table = new (string, string)[Enum.GetValues<TlpRule>().Length];
        foreach (var rule in Enum.GetValues<TlpRule>())
            table[(int)rule] = Describe(rule);
        return table;
    }

    private static (string Section, string Text) Describe(TlpRule rule) => rule switch
    {
        TlpRule.None => ("", "well-formed"),
        TlpRule.Empty => ("§2.2.1", "there is no header"),
        TlpRule.Input => ("§2.2.1", "no TLP in hexadecimal DWs"),
        TlpRule.FmtType => ("§2.3", "Fmt and Type are a reserved combination"),
        TlpRule.HeaderLength => ("§2.2.1", "the header is shorter than Fmt says"),
        TlpRule.PrefixWithoutHeader => ("§2.2.10.1", "TLP Prefixes without a TLP header"),
        TlpRule.PrefixOrder => ("§2.2.10.1", "a Local TLP Prefix behind an End-End TLP Prefix"),
        TlpRule.EndEndPrefixCount => ("§2.2.10.4", "more than four End-End TLP Prefixes"),
        TlpRule.LocalPrefixCount => ("§2.2.10.2", "more than four Local TLP Prefixes: no Receiver here supports that"),
        TlpRule.LocalPrefixType => ("§2.2.10.2", "a Local TLP Prefix type that is reserved or of FLIT mode only"),
        TlpRule.PasidPrefixCount => ("§6.20.2.1", "more than one PASID TLP Prefix"),
        TlpRule.PayloadLength => ("§2.2.2", "the payload is not as long as Length says"),
        TlpRule.Digest => ("§2.2.3", "the TD bit and the presence of a TLP Digest disagree"),
        TlpRule.FirstBeZero => ("§2.2.5.1", "First DW BE is 0000b with a Length of more than one DW"),
        TlpRule.LastBeZero => ("§2.2.5.1", "Last DW BE is 0000b with a Length of more than one DW"),
        TlpRule.LastBeOneDword => ("§2.2.5.1", "Last DW BE is not 0000b with a Length of one DW"),
        TlpRule.ByteEnableGap => ("§2.2.5.1", "byte enables with a gap, and the Request is not one aligned QW or one DW"),
        TlpRule.Crosses4K => ("§2.2.7.1", "address and Length cross a 4 KiB boundary"),
        TlpRule.AtomicLength => ("§2.2.7.1", "Length is no architected operand size of this AtomicOp"),
        TlpRule.AtomicAlignment => ("§2.2.7.1", "the address is not naturally aligned to the AtomicOp's operand"),
        TlpRule.RequestTc => ("§2.2.7.1", "an I/O or Configuration Request must use TC0"),
        TlpRule.RequestAttributes => ("§2.2.7.1", "an I/O or Configuration Request must have Attr[1:0] 00b"),
        TlpRule.RequestLength => ("§2.2.7.1", "an I/O or Configuration Request must have a Length of one DW"),
        TlpRule.MessageTc => ("§2.2.8", "this Message must use TC0"),
        TlpRule.MessageGathered => ("§2.3", "only PME_TO_Ack is gathered and routed to the Root Complex (101b)"),
        TlpRule.ReadinessMessage => ("§2.2.8.6", "a DRS, FRS or Hierarchy ID Message with the wrong type, routing, TC or Length"),
        TlpRule.CompletionBoundary => ("§2.3.1.1", "a Completion that is not the last must end on a Read Completion Boundary"),
        TlpRule.CompletionLength => ("§2.3.1.1", "the Completion carries more data than its Byte Count leaves"),
        TlpRule.FlitMode => ("§2.2.1.2", "a FLIT-mode header: only the non-FLIT format is decoded"),
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "a rule without a text"),
    };
}

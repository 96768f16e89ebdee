using Sim.Pcie.Spec;

namespace Sim.Pcie.Errors;

/// <summary>An error Message: ERR_COR, ERR_NONFATAL or ERR_FATAL, and who sent it (§2.2.8.3).</summary>
/// <param name="Severity">Which Message.</param>
/// <param name="Requester">Its Requester ID.</param>
public readonly record struct ErrorMessage(ErrorSeverity Severity, RoutingId Requester)
{
    /// <summary>The Message Code: 30h, 31h or 33h.</summary>
    public MessageCode Code => Severity switch
    {
        ErrorSeverity.Correctable => MessageCode.ErrCor,
        ErrorSeverity.NonFatal => MessageCode.ErrNonFatal,
        _ => MessageCode.ErrFatal,
    };

    /// <summary>The error Message a Message Code stands for, or null if it is another Message.</summary>
    public static ErrorMessage? From(MessageCode code, RoutingId requester) => code switch
    {
        MessageCode.ErrCor => new(ErrorSeverity.Correctable, requester),
        MessageCode.ErrNonFatal => new(ErrorSeverity.NonFatal, requester),
        MessageCode.ErrFatal => new(ErrorSeverity.Fatal, requester),
        _ => null,
    };

    /// <summary>"ERR_NONFATAL from 01:00.2".</summary>
    public override string ToString() => $"{NameOf(Severity)} from {Requester}";

    internal static string NameOf(ErrorSeverity severity) => severity switch
    {
        ErrorSeverity.Correctable => "ERR_COR",
        ErrorSeverity.NonFatal => "ERR_NONFATAL",
        _ => "ERR_FATAL",
    };
}

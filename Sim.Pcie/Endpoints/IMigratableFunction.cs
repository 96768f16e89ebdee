namespace Sim.Pcie.Endpoints;

/// <summary>
/// The contract of a function that can be stopped, saved and loaded, in hardware terms. Software reaches it through whatever registers or
/// commands the device has; this is what lies behind them.
/// </summary>
/// <remarks>
/// Suspended initiator: nothing new is issued, and what was outstanding has completed when the suspension is acknowledged. Suspended
/// responder: requests no longer change what an image would hold. Configuration space answers in every state.
/// </remarks>
public interface IMigratableFunction
{
    /// <summary>Whether it can be suspended as initiator alone, and respond meanwhile (what a peer-to-peer state needs).</summary>
    bool SuspendsInitiatorAlone { get; }

    /// <summary>What it declares of itself.</summary>
    MigrationSupport Supports => SuspendsInitiatorAlone ? MigrationSupport.PeerToPeer : MigrationSupport.None;

    /// <summary>Nothing is issued and nothing is outstanding.</summary>
    bool InitiatorSuspended { get; }

    /// <summary>Requests are no longer acted on.</summary>
    bool ResponderSuspended { get; }

    /// <summary>Stops issuing at the next boundary and acknowledges when all that was outstanding has completed.</summary>
    /// <param name="done">Called once, in simulated time.</param>
    void SuspendInitiator(Action done);

    /// <summary>Stops acting on requests.</summary>
    void SuspendResponder();

    /// <summary>Acts on requests again.</summary>
    void ResumeResponder();

    /// <summary>Issues again, beginning with what was left undone or asked for meanwhile.</summary>
    void ResumeInitiator();

    /// <summary>The state that migrates, as bytes: registers, queues, pending interrupts, MSI-X table.</summary>
    byte[] SaveImage();

    /// <summary>What such bytes say, field by field, for those who compare two images. By default words of eight bytes, named by their
    /// offset.</summary>
    /// <param name="image">An image of this kind of function.</param>
    IReadOnlyList<(string Name, string Value)> DescribeImage(byte[] image)
    {
        List<(string, string)> words = [];
        for (var at = 0; at < image.Length; at += 8)
            words.Add(($"image+0x{at:x}", Convert.ToHexStringLower(image.AsSpan(at, Math.Min(8, image.Length - at)))));
        return words;
    }

    /// <summary>Takes such bytes over.</summary>
    /// <returns>False, and nothing changes, if they are not an image of this kind of function.</returns>
    bool LoadImage(ReadOnlySpan<byte> image);
}

using Scenarios.Model;
using Scenarios.Results;

namespace Scenarios.Running;

/// <summary>
/// Builds one variant's platform, runs it and says what came out. Called from several threads at once, each with its own variant.
/// </summary>
public interface IVariantRunner
{
    /// <exception cref="OperationCanceledException">The run was interrupted.</exception>
    /// <exception cref="Language.ScriptException">The script asks for something that cannot be built.</exception>
    VariantResult Run(ResolvedScript script, CancellationToken cancellation);
}
